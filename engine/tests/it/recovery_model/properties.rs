//! The properties of the recovery model: what must hold in every world, and what must happen in some.

use engine::{Place, Rebased};
use stateright::Property;

use crate::recovery_model::protocol::{EPOCHS_MAX, Protocol};
use crate::recovery_model::world::{Copy, Node, World};

/// The properties of a protocol. A durable store that is never emptied has two more.
pub(crate) fn of(protocol: &Protocol) -> Vec<Property<Protocol>> {
    let mut properties = vec![
        Property::always("S1 a place is taken once", |_, world: &World| !world.twice),
        Property::always("S2 a client never goes back", |_, world: &World| !world.back),
        Property::always("S3 a command takes effect once", |model: &Protocol, world: &World| {
            model.served(world).is_none_or(|copy| {
                let effects = &copy.effects;
                (1..effects.len()).all(|n| !effects[..n].contains(&effects[n]))
            })
        }),
        Property::always("S4 a loss is announced", |model: &Protocol, world: &World| {
            is_announced(model, world, |rebased, acked| {
                rebased.lost || acked.epoch < rebased.previous_epoch
            })
        }),
        Property::always("S4 an acknowledged client hears of a loss", |model: &Protocol, world| {
            is_announced(model, world, Rebased::is_lost_since)
        }),
        Property::always("S4 an adoption undoes nothing", |_, world: &World| !world.wasted),
        Property::always("L8 epochs come to an end", |_, world: &World| world.epoch < EPOCHS_MAX),
        Property::sometimes(
            "R1 a rebuilt room takes commands",
            |model: &Protocol, world: &World| {
                let continues = |copy: &Copy| copy.ops.iter().any(|(_, place)| place.epoch > 1);
                model.served(world).is_some_and(continues)
            },
        ),
    ];
    if protocol.durable && protocol.flushes == 0 {
        properties.push(Property::always(
            "S5 nothing is lost",
            |model: &Protocol, world: &World| {
                model.served(world).is_none_or(|copy| world.missing(copy).next().is_none())
            },
        ));
        properties.push(Property::always(
            "S5 no loss is announced",
            |model: &Protocol, world: &World| {
                model.served(world).is_none_or(|copy| copy.rebased.is_none_or(|(_, lost)| !lost))
            },
        ));
    } else {
        properties.push(Property::sometimes(
            "R2 a loss happens",
            |model: &Protocol, world: &World| {
                model.served(world).is_some_and(|copy| world.missing(copy).next().is_some())
            },
        ));
        properties.push(Property::sometimes("R3 an adoption happens", |_, world: &World| {
            let adopts =
                |node: &Node| node.attempt.as_ref().is_some_and(|attempt| attempt.known.is_some());
            world.nodes.iter().any(adopts)
        }));
    }
    properties
}

/// Whether every acknowledged command that is missing belongs to an earlier epoch, and `announces`
/// holds for it.
fn is_announced(model: &Protocol, world: &World, announces: fn(&Rebased, Place) -> bool) -> bool {
    model.served(world).is_none_or(|copy| {
        let rebased = copy.rebased();
        world.missing(copy).all(|acked| {
            acked.epoch < copy.place.epoch
                && rebased.is_some_and(|rebased| announces(&rebased, acked))
        })
    })
}
