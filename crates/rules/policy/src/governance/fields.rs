//! Reading a map field by field, so that a wrong, missing or unknown field is named with its place.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;
use core::str::FromStr;

use gatos_values::{Map, SshSignature, Text, Value};

use super::error::GovernanceError;

/// A map being read; what is left at the end is unknown.
pub(super) struct Fields<'a> {
    map: &'a Map,
    /// Where the map stands, with a trailing dot; empty at the top.
    place: String,
    read: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub fn top(value: &'a Value) -> Result<Fields<'a>, GovernanceError> {
        Fields::at(value, "", "the document")
    }

    fn at(value: &'a Value, place: &str, what: &str) -> Result<Fields<'a>, GovernanceError> {
        let Some(map) = value.as_map() else {
            return Err(bad(what, "is not a map"));
        };
        Ok(Fields {
            map,
            place: place.to_string(),
            read: Vec::new(),
        })
    }

    /// The full name of a field.
    pub fn name(&self, field: &str) -> String {
        format!("{}{field}", self.place)
    }

    fn take(&mut self, field: &'static str) -> Result<&'a Value, GovernanceError> {
        self.read.push(field);
        self.map
            .get(field)
            .ok_or_else(|| bad(&self.name(field), "is missing"))
    }

    pub fn text(&mut self, field: &'static str) -> Result<&'a str, GovernanceError> {
        let value = self.take(field)?;
        value
            .as_str()
            .ok_or_else(|| bad(&self.name(field), "is not a string"))
    }

    /// A string that one of the name, digest or key parsers accepts.
    pub fn parsed<T>(&mut self, field: &'static str) -> Result<T, GovernanceError>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.text(field)?;
        text.parse()
            .map_err(|error: T::Err| bad(&self.name(field), &format!("is wrong: {error}")))
    }

    pub fn unsigned(&mut self, field: &'static str) -> Result<u64, GovernanceError> {
        let value = self.take(field)?;
        let integer = value
            .as_integer()
            .and_then(|integer| u64::try_from(integer).ok());
        integer.ok_or_else(|| bad(&self.name(field), "is not an integer from 0 to 2^64 - 1"))
    }

    pub fn boolean(&mut self, field: &'static str) -> Result<bool, GovernanceError> {
        let value = self.take(field)?;
        value
            .as_bool()
            .ok_or_else(|| bad(&self.name(field), "is neither true nor false"))
    }

    /// A value of any form.
    pub fn any(&mut self, field: &'static str) -> Result<&'a Value, GovernanceError> {
        self.take(field)
    }

    /// A string of any content.
    pub fn any_text(&mut self, field: &'static str) -> Result<Text, GovernanceError> {
        let text = self.take(field)?.as_text().cloned();
        text.ok_or_else(|| bad(&self.name(field), "is not a string"))
    }

    /// A list of strings.
    pub fn texts(&mut self, field: &'static str) -> Result<Vec<Text>, GovernanceError> {
        let list = self.list(field)?;
        let text = |(index, value): (usize, &Value)| {
            let place = || format!("{}[{index}]", self.name(field));
            let text = value.as_text().cloned();
            text.ok_or_else(|| bad(&place(), "is not a string"))
        };
        list.iter().enumerate().map(text).collect()
    }

    /// An SSH signature in base64 on one line; nothing is verified yet.
    pub fn signature(&mut self, field: &'static str) -> Result<SshSignature, GovernanceError> {
        let text = self.text(field)?;
        SshSignature::from_base64_line(text)
            .map_err(|error| bad(&self.name(field), &format!("is wrong: {error}")))
    }

    /// A field that is null or what `read` reads.
    pub fn optional<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Result<T, GovernanceError>,
    ) -> Result<Option<T>, GovernanceError> {
        if self.take(field)?.is_null() {
            return Ok(None);
        }
        read(self, field).map(Some)
    }

    /// A field that may be absent.
    pub fn if_present<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Result<T, GovernanceError>,
    ) -> Result<Option<T>, GovernanceError> {
        if !self.map.contains_key(field) {
            return Ok(None);
        }
        read(self, field).map(Some)
    }

    /// A map, read by `read` to its end.
    pub fn map<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Fields<'a>) -> Result<T, GovernanceError>,
    ) -> Result<T, GovernanceError> {
        let name = self.name(field);
        let mut fields = Fields::at(self.take(field)?, &format!("{name}."), &name)?;
        let item = read(&mut fields)?;
        fields.end()?;
        Ok(item)
    }

    fn list(&mut self, field: &'static str) -> Result<&'a [Value], GovernanceError> {
        let value = self.take(field)?;
        value
            .as_list()
            .ok_or_else(|| bad(&self.name(field), "is not a list"))
    }

    /// A list of maps, each read by `read` to its end.
    pub fn maps<T>(
        &mut self,
        field: &'static str,
        mut read: impl FnMut(&mut Fields<'a>) -> Result<T, GovernanceError>,
    ) -> Result<Vec<T>, GovernanceError> {
        let list = self.list(field)?;
        let mut items = Vec::with_capacity(list.len());
        for (index, value) in list.iter().enumerate() {
            let name = format!("{}[{index}]", self.name(field));
            let mut fields = Fields::at(value, &format!("{name}."), &name)?;
            items.push(read(&mut fields)?);
            fields.end()?;
        }
        Ok(items)
    }

    /// A list of strings that a parser accepts.
    pub fn parsed_list<T>(&mut self, field: &'static str) -> Result<Vec<T>, GovernanceError>
    where
        T: FromStr,
        T::Err: Display,
    {
        let list = self.list(field)?;
        let mut items = Vec::with_capacity(list.len());
        for (index, value) in list.iter().enumerate() {
            let name = format!("{}[{index}]", self.name(field));
            let text = value
                .as_str()
                .ok_or_else(|| bad(&name, "is not a string"))?;
            let parsed = text
                .parse()
                .map_err(|error: T::Err| bad(&name, &format!("is wrong: {error}")));
            items.push(parsed?);
        }
        Ok(items)
    }

    /// Refuses fields that nobody read.
    pub fn end(self) -> Result<(), GovernanceError> {
        for (key, _) in self.map {
            if !self.read.contains(&key.as_str()) {
                return Err(GovernanceError::UnknownField {
                    field: self.name(key),
                });
            }
        }
        Ok(())
    }
}

pub(super) fn bad(field: &str, reason: &str) -> GovernanceError {
    GovernanceError::Field {
        field: field.to_string(),
        reason: reason.to_string(),
    }
}

pub(super) fn check_rising<T: Ord>(
    field: &str,
    items: impl IntoIterator<Item = T>,
) -> Result<(), GovernanceError> {
    let items: Vec<T> = items.into_iter().collect();
    match items.windows(2).position(|pair| pair[0] >= pair[1]) {
        None => Ok(()),
        Some(index) => {
            let place = format!("{field}[{}]", index + 1);
            Err(bad(
                &place,
                "is not above the one before it; lists are sorted and without repeats",
            ))
        }
    }
}
