//! From syntax tree to ELC: names become slots, sugar goes, constants are folded, the profile's rules are checked.
//!
//! Reading order: this file (entry and functions), `scope` (who sees which name), `statement`, `expression`,
//! `constant` (folding with the profile's arithmetic), `labels`.
//!
//! INVARIANT: what is returned without an error finding passes [`crate::elc::verify`].
//! Tests: `tests/it/front.rs`, `tests/it/elc.rs`.

mod constant;
mod expression;
mod labels;
mod scope;
mod statement;

use crate::elc::{self, Function, FunctionDebug, Module};
use crate::finding::{Finding, Place, Severity};
use crate::profile::Profile;
use crate::syntax;
use crate::syntax::tree::FunctionBody;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use scope::Scope;

/// What came of a source.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The program; none if some finding is an error.
    pub module: Option<Module>,
    /// What was wrong, in the order of the text.
    pub findings: Vec<Finding>,
}

/// Compiles a source under the rules of a profile.
#[must_use]
pub fn compile(source: &[u8], profile: Profile) -> Compiled {
    let parsed = syntax::parse(source, profile);
    let mut findings = parsed.findings;
    let mut compiler = Compiler {
        profile,
        functions: Vec::new(),
        scopes: Vec::new(),
        findings: Vec::new(),
        emit_count: 0,
    };
    compiler.function(&parsed.main, None);
    findings.append(&mut compiler.findings);
    findings.sort_by_key(|finding| finding.place);
    let is_wrong = |findings: &[Finding]| {
        findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    };
    if is_wrong(&findings) {
        return Compiled {
            module: None,
            findings,
        };
    }
    let module = Module {
        profile,
        functions: compiler.functions,
    };
    if let Some(finding) = broken_limit(&module) {
        findings.push(finding);
        return Compiled {
            module: None,
            findings,
        };
    }
    Compiled {
        module: Some(module),
        findings,
    }
}

/// What the tree's own limits did not catch: registers, and the size of the module.
fn broken_limit(module: &Module) -> Option<Finding> {
    if let Err(error) = crate::machine::lower::lower(module) {
        let line = module
            .functions
            .get(error.function)
            .map_or(0, |function| function.debug.line);
        let place = Place {
            line: line.max(1),
            column: 1,
        };
        let hint = "split the function or the expression";
        return Some(Finding::error(place, "limit", error.reason, hint));
    }
    if elc::encode(module).len() > elc::SIZE_MAX {
        let place = Place { line: 1, column: 1 };
        return Some(Finding::error(
            place,
            "limit",
            "the program is too large",
            "split it",
        ));
    }
    None
}

struct Compiler<'a> {
    profile: Profile,
    functions: Vec<Function>,
    scopes: Vec<Scope<'a>>,
    findings: Vec<Finding>,
    /// How often `emit_json_canonical` was named so far.
    emit_count: u32,
}

impl<'a> Compiler<'a> {
    fn is_fold(&self) -> bool {
        self.profile == Profile::Fold
    }

    fn error(
        &mut self,
        place: Place,
        rule: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.findings
            .push(Finding::error(place, rule, message, hint));
    }

    fn scope(&mut self) -> &mut Scope<'a> {
        self.scopes
            .last_mut()
            .expect("a function is open while its body is compiled")
    }

    /// Compiles a function and gives its index. `name` is what tells the main function from others.
    fn function<'t>(&mut self, body: &'t FunctionBody<'a>, place: Option<Place>) -> u32 {
        let index = self.functions.len();
        self.functions.push(Function::default());
        self.scopes
            .push(Scope::new(place.is_none() && !self.is_fold()));
        self.scope().is_variadic = body.is_variadic;
        self.scope().line = body.place.line;
        for parameter in &body.parameters {
            self.declare(*parameter);
        }
        let mut statements = self.block(&body.body);
        labels::number(&mut statements);
        let scope = self.scopes.pop().expect("it was pushed above");
        let debug = FunctionDebug {
            line: body.place.line,
            end_line: body.end_line,
            locals: scope.declared.into_iter().map(Box::from).collect(),
            upvalues: scope
                .upvalues
                .iter()
                .map(|upvalue| Box::from(upvalue.name))
                .collect(),
        };
        self.functions[index] = Function {
            parameter_count: body.parameters.len() as u32,
            is_variadic: body.is_variadic,
            captures: scope
                .upvalues
                .iter()
                .map(|upvalue| upvalue.capture)
                .collect(),
            body: statements,
            debug,
        };
        index as u32
    }
}
