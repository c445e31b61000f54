//! Components of the workloads, for all engines.

use bevy_ecs::component::Component as BevyComponent;
use gatos_echo::component;
use shipyard::Component as ShipyardComponent;

macro_rules! part {
    ($($name:ident = $text:literal $type:ty;)*) => {$(
        #[derive(Clone, Copy, BevyComponent, ShipyardComponent)]
        pub struct $name(pub $type);
        component!($name = $text { 0: $type });
    )*};
}

part! {
    Transform = "transform" [f32; 16];
    Rotation = "rotation" [f32; 3];
    Data = "data" f32;
    A = "a" f32; B = "b" f32; C = "c" f32; D = "d" f32; E = "e" f32; F = "f" f32; G = "g" f32; H = "h" f32; I = "i" f32;
    J = "j" f32; K = "k" f32; L = "l" f32; M = "m" f32; N = "n" f32; O = "o" f32; P = "p" f32; Q = "q" f32; R = "r" f32;
    S = "s" f32; T = "t" f32; U = "u" f32; V = "v" f32; W = "w" f32; X = "x" f32; Y = "y" f32; Z = "z" f32;
}

/// Three floats with names, as the workloads have them.
#[derive(Clone, Copy, BevyComponent, ShipyardComponent)]
pub struct Position {
    pub x: f32,
    pub y: f32,
    pub z: f32,
}
component!(Position = "position" { x: f32, y: f32, z: f32 });

#[derive(Clone, Copy, BevyComponent, ShipyardComponent)]
pub struct Velocity {
    pub x: f32,
    pub y: f32,
    pub z: f32,
}
component!(Velocity = "velocity" { x: f32, y: f32, z: f32 });

/// The row of simple_insert.
pub fn row(index: usize) -> (Transform, Position, Rotation, Velocity) {
    let x = index as f32;
    (
        Transform([1.0; 16]),
        Position { x, y: 0.0, z: 0.0 },
        Rotation([1.0, 0.0, 0.0]),
        Velocity {
            x: 1.0,
            y: 0.0,
            z: 0.0,
        },
    )
}

/// Inverts a 4 x 4 matrix so many times, by cofactors of 2 x 2 blocks, and gives the image of a point.
pub fn heavy(transform: &mut Transform, position: &mut Position) {
    let m = &mut transform.0;
    for _ in 0..100 {
        let mut inverse = [0.0f32; 16];
        for row in 0..4 {
            for column in 0..4 {
                let minor = |r: usize, c: usize| m[((row + r) % 4) * 4 + (column + c) % 4];
                let value = minor(1, 1) * (minor(2, 2) * minor(3, 3) - minor(2, 3) * minor(3, 2))
                    - minor(1, 2) * (minor(2, 1) * minor(3, 3) - minor(2, 3) * minor(3, 1))
                    + minor(1, 3) * (minor(2, 1) * minor(3, 2) - minor(2, 2) * minor(3, 1));
                inverse[column * 4 + row] = value;
            }
        }
        *m = inverse.map(|value| value * 0.5 + 0.1);
    }
    position.x = m[0] * position.x + m[1] * position.y + m[2] * position.z + m[3];
}

/// The same work with a number for input and output.
pub fn heavy_number(number: f32) -> f32 {
    let mut transform = Transform([number; 16]);
    let (x, y, z) = (1.0, 0.0, 0.0);
    let mut position = Position { x, y, z };
    heavy(&mut transform, &mut position);
    position.x
}
