//! The part of the parser that reads expressions: operators by precedence, suffixes, constructors, functions.
//!
//! Tests: `tests/it/front.rs`.

use super::{Parse, Parser, Token};
use crate::finding::Place;
use crate::syntax::number::Numeral;
use crate::syntax::tree::{
    BinaryOperator, Expression, ExpressionKind, Field, FunctionBody, Name, UnaryOperator,
};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// Operator with its left and right binding power.
fn binary_operator(mark: &str) -> Option<(BinaryOperator, u8, u8)> {
    use BinaryOperator as Op;
    Some(match mark {
        "or" => (Op::Or, 1, 1),
        "and" => (Op::And, 2, 2),
        "<" => (Op::Less, 3, 3),
        ">" => (Op::Greater, 3, 3),
        "<=" => (Op::LessEqual, 3, 3),
        ">=" => (Op::GreaterEqual, 3, 3),
        "~=" => (Op::NotEqual, 3, 3),
        "==" => (Op::Equal, 3, 3),
        "|" => (Op::BitOr, 4, 4),
        "~" => (Op::BitXor, 5, 5),
        "&" => (Op::BitAnd, 6, 6),
        "<<" => (Op::ShiftLeft, 7, 7),
        ">>" => (Op::ShiftRight, 7, 7),
        // Right associative: the right side binds less than the left.
        ".." => (Op::Concat, 9, 8),
        "+" => (Op::Add, 10, 10),
        "-" => (Op::Subtract, 10, 10),
        "*" => (Op::Multiply, 11, 11),
        "/" => (Op::Divide, 11, 11),
        "//" => (Op::FloorDivide, 11, 11),
        "%" => (Op::Modulo, 11, 11),
        "^" => (Op::Power, 14, 13),
        _ => return None,
    })
}

const UNARY_POWER: u8 = 12;

impl<'a> Parser<'a> {
    pub(super) fn expressions(&mut self) -> Parse<Vec<Expression<'a>>> {
        let mut values = Vec::from([self.expression()?]);
        while self.accept(",") {
            values.push(self.expression()?);
        }
        Ok(values)
    }

    pub(super) fn expression(&mut self) -> Parse<Expression<'a>> {
        self.operators(0)
    }

    fn operators(&mut self, power_min: u8) -> Parse<Expression<'a>> {
        self.enter()?;
        let result = self.operators_inside(power_min);
        self.leave();
        result
    }

    fn operators_inside(&mut self, power_min: u8) -> Parse<Expression<'a>> {
        let unary = match self.token {
            Token::Mark("not") => Some(UnaryOperator::Not),
            Token::Mark("-") => Some(UnaryOperator::Negate),
            Token::Mark("~") => Some(UnaryOperator::BitNot),
            Token::Mark("#") => Some(UnaryOperator::Length),
            _ => None,
        };
        let mut left = match unary {
            Some(operator) => {
                let place = self.place;
                self.advance();
                let operand = self.operators(UNARY_POWER)?;
                let height = operand.height;
                self.expression_of(
                    place,
                    height,
                    ExpressionKind::Unary(operator, Box::new(operand)),
                )?
            }
            None => self.simple_expression()?,
        };
        while let Token::Mark(mark) = self.token
            && let Some((operator, power, power_right)) = binary_operator(mark)
            && power > power_min
        {
            let place = self.place;
            self.advance();
            let right = self.operators(power_right)?;
            let height = left.height.max(right.height);
            let kind = ExpressionKind::Binary(operator, Box::new(left), Box::new(right));
            left = self.expression_of(place, height, kind)?;
        }
        Ok(left)
    }

    fn simple_expression(&mut self) -> Parse<Expression<'a>> {
        let place = self.place;
        let kind = match &mut self.token {
            Token::Number(Numeral::Integer(integer)) => ExpressionKind::Integer(*integer),
            Token::Number(Numeral::Float(float)) => ExpressionKind::Float(*float),
            Token::Number(Numeral::Fixed(steps)) => ExpressionKind::Fixed(*steps),
            Token::Text(text) => ExpressionKind::Text(core::mem::take(text)),
            Token::Mark("nil") => ExpressionKind::Nil,
            Token::Mark("true") => ExpressionKind::True,
            Token::Mark("false") => ExpressionKind::False,
            Token::Mark("...") => ExpressionKind::Rest,
            Token::Mark("{") => return self.table(),
            Token::Mark("function") => {
                self.advance();
                let body = self.function_body(place, false)?;
                let height = self.function_height;
                return self.expression_of(place, height, ExpressionKind::Function(Box::new(body)));
            }
            _ => return self.suffixed_expression(),
        };
        self.advance();
        self.expression_of(place, 0, kind)
    }

    fn primary_expression(&mut self) -> Parse<Expression<'a>> {
        let place = self.place;
        if let Token::Name(name) = self.token {
            self.advance();
            return self.expression_of(place, 0, ExpressionKind::Name(name));
        }
        if self.accept("(") {
            let inner = self.expression()?;
            self.close(")", "(", place)?;
            let height = inner.height;
            return self.expression_of(
                place,
                height,
                ExpressionKind::Parenthesised(Box::new(inner)),
            );
        }
        let near = self.near();
        let mut message = String::from("unexpected symbol near ");
        message.push_str(&near);
        Err(self.fail(message))
    }

    pub(super) fn suffixed_expression(&mut self) -> Parse<Expression<'a>> {
        let mut expression = self.primary_expression()?;
        loop {
            let place = self.place;
            match self.token {
                Token::Mark(".") => {
                    self.advance();
                    let name = self.name()?;
                    expression = self.field_of(place, expression, name)?;
                }
                Token::Mark("[") => {
                    self.advance();
                    let key = self.expression()?;
                    self.close("]", "[", place)?;
                    let height = expression.height.max(key.height);
                    let kind = ExpressionKind::Index(Box::new(expression), Box::new(key));
                    expression = self.expression_of(place, height, kind)?;
                }
                Token::Mark(":") => {
                    self.advance();
                    let name = self.name()?;
                    let arguments = self.arguments()?;
                    let height = height_of(&arguments).max(expression.height);
                    let kind = ExpressionKind::Method(Box::new(expression), name, arguments);
                    expression = self.expression_of(place, height, kind)?;
                }
                Token::Mark("(" | "{") | Token::Text(_) => {
                    let arguments = self.arguments()?;
                    let height = height_of(&arguments).max(expression.height);
                    let kind = ExpressionKind::Call(Box::new(expression), arguments);
                    expression = self.expression_of(place, height, kind)?;
                }
                _ => return Ok(expression),
            }
        }
    }

    pub(super) fn field_of(
        &mut self,
        place: Place,
        object: Expression<'a>,
        name: Name<'a>,
    ) -> Parse<Expression<'a>> {
        let text = ExpressionKind::Text(name.text.as_bytes().to_vec());
        let key = self.expression_of(name.place, 0, text)?;
        let height = object.height;
        self.expression_of(
            place,
            height,
            ExpressionKind::Index(Box::new(object), Box::new(key)),
        )
    }

    fn arguments(&mut self) -> Parse<Vec<Expression<'a>>> {
        let place = self.place;
        match &mut self.token {
            Token::Text(text) => {
                let kind = ExpressionKind::Text(core::mem::take(text));
                self.advance();
                Ok(Vec::from([self.expression_of(place, 0, kind)?]))
            }
            Token::Mark("{") => Ok(Vec::from([self.table()?])),
            Token::Mark("(") => {
                self.advance();
                if self.accept(")") {
                    return Ok(Vec::new());
                }
                let arguments = self.expressions()?;
                self.close(")", "(", place)?;
                Ok(arguments)
            }
            _ => Err(self.unexpected("function arguments")),
        }
    }

    fn table(&mut self) -> Parse<Expression<'a>> {
        let place = self.place;
        self.expect("{")?;
        let mut fields = Vec::new();
        let mut height = 0;
        while !self.is("}") {
            let field = self.field()?;
            height = match &field {
                Field::Item(value) => height.max(value.height),
                Field::Pair(key, value) => height.max(key.height).max(value.height),
            };
            fields.push(field);
            if !self.accept(",") && !self.accept(";") {
                break;
            }
        }
        self.close("}", "{", place)?;
        self.expression_of(place, height, ExpressionKind::Table(fields))
    }

    fn field(&mut self) -> Parse<Field<'a>> {
        let place = self.place;
        if self.accept("[") {
            let key = self.expression()?;
            self.close("]", "[", place)?;
            self.expect("=")?;
            return Ok(Field::Pair(key, self.expression()?));
        }
        let value = self.expression()?;
        // A name before `=` was a key after all.
        if let ExpressionKind::Name(name) = value.kind
            && self.is("=")
        {
            self.advance();
            let key = ExpressionKind::Text(name.as_bytes().to_vec());
            let key = self.expression_of(place, 0, key)?;
            return Ok(Field::Pair(key, self.expression()?));
        }
        Ok(Field::Item(value))
    }

    /// Parameters and body; the word `function` and the name are read already. Leaves the body's height in
    /// `function_height`.
    pub(super) fn function_body(
        &mut self,
        place: Place,
        is_method: bool,
    ) -> Parse<FunctionBody<'a>> {
        let outer_height = core::mem::take(&mut self.height);
        let mut parameters = Vec::new();
        if is_method {
            parameters.push(Name {
                text: "self",
                place,
            });
        }
        let mut is_variadic = false;
        self.expect("(")?;
        while !self.is(")") {
            if self.accept("...") {
                is_variadic = true;
                break;
            }
            parameters.push(self.name()?);
            if !self.accept(",") {
                break;
            }
        }
        self.expect(")")?;
        let body = self.block();
        let end_line = self.place.line;
        self.close("end", "function", place)?;
        self.function_height = core::mem::replace(&mut self.height, outer_height);
        Ok(FunctionBody {
            place,
            end_line,
            parameters,
            is_variadic,
            body,
        })
    }
}

fn height_of(expressions: &[Expression<'_>]) -> u32 {
    expressions
        .iter()
        .map(|expression| expression.height)
        .max()
        .unwrap_or(0)
}
