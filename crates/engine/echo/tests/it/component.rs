//! Canonical bytes of components, schemas, names, and what registration refuses.

use crate::parts::{Frozen, Health, Kinds, Position, Velocity};
use gatos_echo::{
    Component, Entity, Field, FieldKind, Registry, RegistryError, Schema, SchemaError, component,
};
use gatos_values::Q32;
use proptest::prelude::*;

fn bytes_of<T: Component>(value: &T) -> Vec<u8> {
    let mut bytes = vec![0; T::SIZE];
    value.write(&mut bytes);
    bytes
}

fn kinds() -> Kinds {
    Kinds {
        wide: 1 << 100,
        signed_wide: -2,
        long: 3,
        signed_long: -4,
        double: -0.0,
        fixed: Q32::from_steps(5),
        target: Entity::new(6, 7),
        word: 8,
        signed_word: -9,
        single: 1.5,
        shorts: [10, 11, 12],
        signed_short: -13,
        byte: 14,
        signed_byte: -15,
        flags: [[true, false]],
    }
}

#[test]
fn fields_follow_one_another_least_significant_byte_first() {
    let position = Position {
        x: 1.0,
        y: -0.0,
        z: f32::NAN,
    };
    assert_eq!(
        bytes_of(&position),
        [0, 0, 0x80, 0x3f, 0, 0, 0, 0x80, 0, 0, 0xc0, 0x7f]
    );
    assert_eq!(bytes_of(&Entity::new(1, 0x0203)), [1, 0, 0, 0, 3, 2, 0, 0]);
    assert_eq!(bytes_of(&Frozen), []);
}

#[test]
fn every_kind_reads_back_and_describes_itself() {
    let bytes = bytes_of(&kinds());
    assert_eq!(Kinds::read(&bytes), Some(kinds()));
    let schema = Schema::new(Kinds::FIELDS).expect("a schema");
    assert!(schema.accepts(&bytes));
    assert_eq!(
        schema.describe(&bytes),
        "wide=1267650600228229401496703205376 signed_wide=-2 long=3 signed_long=-4 double=-0.0 \
         fixed=0.0000000012 target=6v7 word=8 signed_word=-9 single=1.5 \
         shorts=[10 11 12] signed_short=-13 byte=14 signed_byte=-15 flags=[true false]"
    );
}

#[test]
fn other_bytes_are_refused() {
    let good = bytes_of(&kinds());
    let bool_at = good.len() - 1;
    let mut bad = good.clone();
    bad[bool_at] = 2;
    assert_eq!(Kinds::read(&bad), None);
    assert_eq!(Kinds::read(&good[..bool_at]), None, "too short");
    assert_eq!(Kinds::read(&[&good[..], &[0]].concat()), None, "too long");
    for bits in [0xffc0_0000u32, 0x7f80_0001, 0x7fc0_0001, 0xffff_ffff] {
        let bytes = [bits.to_le_bytes(), [0; 4], [0; 4]].concat();
        assert_eq!(Position::read(&bytes), None, "NaN {bits:x}");
    }
}

#[test]
fn foreign_nans_are_seen_and_settled() {
    let mut position = Position {
        x: f32::from_bits(0xffc0_0001),
        y: 0.0,
        z: -0.0,
    };
    assert!(!position.is_settled());
    let before = bytes_of(&position);
    position.settle();
    assert!(position.is_settled());
    assert_eq!(position.x.to_bits(), 0x7fc0_0000);
    assert_eq!(bytes_of(&position), before);
}

proptest! {
    #[test]
    fn what_reads_writes_the_same_bytes(bytes in prop::collection::vec(any::<u8>(), Kinds::SIZE)) {
        let schema = Schema::new(Kinds::FIELDS).expect("a schema");
        let read = Kinds::read(&bytes);
        prop_assert_eq!(read.is_some(), schema.accepts(&bytes));
        if let Some(value) = read {
            prop_assert_eq!(bytes_of(&value), bytes);
        }
    }
}

#[test]
fn ids_are_places_among_sorted_names() {
    let one = Registry::builder().with::<Velocity>().with::<Health>();
    let other = Registry::builder().with::<Health>().with::<Velocity>();
    let (one, other) = (one.build().expect("fine"), other.build().expect("fine"));
    let names: Vec<&str> = one.kinds().map(|(_, kind)| kind.name()).collect();
    assert_eq!(names, ["echo.node", "health", "velocity"]);
    assert_eq!(one.digest(), other.digest());
    assert_eq!(one.id_of::<Velocity>(), other.id("velocity"));
    assert_eq!(one.id_of::<Position>(), None);
}

#[derive(Clone)]
struct Padded {
    small: u8,
    large: u32,
}
component!(Padded = "padded" { small: u8, large: u32 });

#[derive(Clone)]
struct SameName(u32);
component!(SameName = "health" { 0: u32 });

#[derive(Clone)]
struct BadName(u32);
component!(BadName = "Bad" { 0: u32 });

#[derive(Clone)]
struct TakesOurName(u32);
component!(TakesOurName = "echo.mine" { 0: u32 });

/// Reads what it does not write.
#[derive(Clone)]
struct Liar(u32);
impl Component for Liar {
    const NAME: &'static str = "liar";
    const FIELDS: &'static [Field] = &[Field::of::<u32>("0")];
    const SIZE: usize = 4;
    fn write(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&(self.0 | 1).to_le_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Liar> {
        bytes.try_into().ok().map(u32::from_le_bytes).map(Liar)
    }
    fn is_settled(&self) -> bool {
        true
    }
    fn settle(&mut self) {}
}

#[test]
fn what_is_no_plain_data_is_refused() {
    let build = |builder: gatos_echo::RegistryBuilder| builder.build().err();
    assert_eq!(
        build(Registry::builder().with::<Padded>()),
        Some(RegistryError::Padding {
            name: "padded".into(),
            type_size: 8,
            schema_size: 5
        })
    );
    assert_eq!(
        build(Registry::builder().with::<Liar>()),
        Some(RegistryError::NotCanonical {
            name: "liar".into()
        })
    );
    assert_eq!(
        build(Registry::builder().with::<Health>().with::<SameName>()),
        Some(RegistryError::Twice {
            name: "health".into()
        })
    );
    for name in [
        build(Registry::builder().with::<BadName>()),
        build(Registry::builder().with::<TakesOurName>()),
    ] {
        assert!(matches!(name, Some(RegistryError::Name { .. })), "{name:?}");
    }
    assert_eq!(Padded { small: 1, large: 2 }.small, 1);
}

#[test]
fn names_of_components_follow_their_rule() {
    for name in ["a", "a.b", "plugin:part", "x_1.y2"] {
        let built = Registry::builder().with_record(name, &[]).build();
        assert!(built.is_ok(), "{name}");
    }
    for name in [
        "", ".", "a.", "1a", "A", "a b", "a:b:c", ":a", "ä", "echo.x",
    ] {
        let built = Registry::builder().with_record(name, &[]).build();
        assert!(matches!(built, Err(RegistryError::Name { .. })), "{name}");
    }
    let long = "a".repeat(129);
    assert!(Registry::builder().with_record(&long, &[]).build().is_err());
}

#[test]
fn fields_that_are_no_schema_are_refused() {
    let rows: &[(&[Field], SchemaError)] = &[
        (
            &[Field::new("a b", FieldKind::U8, 1)],
            SchemaError::FieldName { name: "a b".into() },
        ),
        (
            &[
                Field::new("a", FieldKind::U8, 1),
                Field::new("a", FieldKind::I8, 1),
            ],
            SchemaError::FieldTwice { name: "a".into() },
        ),
        (
            &[Field::new("a", FieldKind::U8, 0)],
            SchemaError::FieldEmpty { name: "a".into() },
        ),
        (
            &[Field::new("a", FieldKind::U128, u32::MAX)],
            SchemaError::TooLarge {
                fields: 1,
                size: 16usize.saturating_mul(u32::MAX as usize),
            },
        ),
    ];
    for (fields, error) in rows {
        assert_eq!(Schema::new(fields).as_ref(), Err(error));
        assert!(!error.to_string().is_empty());
    }
}
