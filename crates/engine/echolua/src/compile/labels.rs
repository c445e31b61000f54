//! Labels get their final numbers: those that are used, from top to bottom; others go.
//!
//! Tests: `tests/it/elc.rs`.

use crate::elc::{Block, Statement};
use alloc::vec::Vec;

/// Drops labels without a jump and numbers the others in a function's body.
pub(super) fn number(body: &mut Block) {
    let mut used = Vec::new();
    visit(body, &mut |statement| {
        if let Statement::Goto { label } = statement {
            used.push(*label);
        }
    });
    used.sort_unstable();
    used.dedup();
    // Labels were counted from top to bottom, block by block; the text's order decides.
    let mut order = Vec::new();
    visit(body, &mut |statement| {
        if let Statement::Label { label } = statement
            && used.binary_search(label).is_ok()
        {
            order.push(*label);
        }
    });
    drop_unused(body, &used);
    visit(body, &mut |statement| {
        if let Statement::Goto { label } | Statement::Label { label } = statement
            && let Some(number) = order.iter().position(|other| other == label)
        {
            *label = number as u32;
        }
    });
}

fn drop_unused(block: &mut Block, used: &[u32]) {
    block.retain(|statement| match statement {
        Statement::Label { label } => used.binary_search(label).is_ok(),
        _ => true,
    });
    for statement in block {
        for inner in blocks(statement) {
            drop_unused(inner, used);
        }
    }
}

fn visit(block: &mut Block, action: &mut impl FnMut(&mut Statement)) {
    for statement in block {
        action(statement);
        for inner in blocks(statement) {
            visit(inner, action);
        }
    }
}

fn blocks(statement: &mut Statement) -> Vec<&mut Block> {
    match statement {
        Statement::Do(body)
        | Statement::While { body, .. }
        | Statement::Repeat { body, .. }
        | Statement::NumericFor { body, .. }
        | Statement::GenericFor { body, .. } => Vec::from([body]),
        Statement::If {
            then, otherwise, ..
        } => Vec::from([then, otherwise]),
        _ => Vec::new(),
    }
}
