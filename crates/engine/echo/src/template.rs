//! Templates: an entity with its children, written down once and spawned many times.
//!
//! INVARIANT: a template that cannot be spawned as a whole leaves nothing behind.
//! Tests: `tests/it/authoring.rs`.

use crate::bundle::{Bundle, check_bundle};
use crate::entity::Entity;
use crate::error::WorldError;
use crate::registry::Registry;
use crate::world::World;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Spawns the entity without its children.
type Make = dyn Fn(&mut World) -> Result<Entity, WorldError> + Send + Sync;

/// An entity to be spawned, with children. Copies share what they hold.
///
/// ```
/// use gatos_echo::{Registry, Template, World, component};
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// struct Health(u32);
/// component!(Health = "health" { 0: u32 });
///
/// let registry = Registry::builder().with::<Health>().build()?;
/// let wheel = Template::new(Health(3));
/// let cart = Template::new(Health(20)).child(wheel.clone()).child(wheel);
/// let mut world = World::new(&registry);
/// let (first, second) = (cart.spawn(&mut world)?, cart.spawn(&mut world)?);
/// world.insert(second, Health(5))?; // what is different is written over
/// assert_eq!(world.children(first).count(), 2);
/// assert_eq!(world.len(), 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Template {
    check: fn(&Registry) -> Result<(), WorldError>,
    make: Arc<Make>,
    children: Vec<Template>,
}

impl Template {
    /// An entity with these components.
    #[must_use]
    pub fn new<B: Bundle + Clone>(bundle: B) -> Template {
        Template {
            check: check_bundle::<B>,
            make: Arc::new(move |world| world.spawn(bundle.clone())),
            children: Vec::new(),
        }
    }

    /// Adds a child, behind those that are there.
    #[must_use]
    pub fn child(mut self, child: Template) -> Template {
        self.children.push(child);
        self
    }

    /// How many entities it is.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all().len()
    }

    /// Whether it is no entity; it is at least one.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Spawns it: the entity, then its children in order, then theirs. The entity.
    ///
    /// # Errors
    /// As [`World::spawn`]; nothing was spawned then.
    pub fn spawn(&self, world: &mut World) -> Result<Entity, WorldError> {
        let all = self.all();
        for template in &all {
            (template.check)(world.registry())?;
        }
        // What is left is that indices run out on the way.
        let before = (world.state().entities.room() < all.len()).then(|| world.fork());
        let spawned = self.spawn_all(world);
        if let (Err(_), Some(before)) = (&spawned, before) {
            *world = before;
        }
        spawned
    }

    /// The template and all below it.
    fn all(&self) -> Vec<&Template> {
        let mut all = alloc::vec![self];
        let mut at = 0;
        while let Some(template) = all.get(at).copied() {
            all.extend(&template.children);
            at += 1;
        }
        all
    }

    fn spawn_all(&self, world: &mut World) -> Result<Entity, WorldError> {
        let root = (self.make)(world)?;
        let mut waiting = alloc::vec![(root, self)];
        let mut at = 0;
        while let Some((parent, template)) = waiting.get(at).copied() {
            for child in &template.children {
                let entity = (child.make)(world)?;
                world.set_parent(entity, parent)?;
                waiting.push((entity, child));
            }
            at += 1;
        }
        Ok(root)
    }
}
