//! The recovery protocol, checked in every order of events that a small world allows.
//!
//! `MODEL=big` checks larger worlds, which take minutes in a release build.

mod properties;
mod protocol;
mod world;

use stateright::{Checker, HasDiscoveries, Model};

use protocol::Protocol;

const EVERYSEC: Protocol = Protocol::EVERYSEC;
const ALWAYS: Protocol = Protocol::ALWAYS;

#[test]
fn a_store_that_forgets_never_loses_anything_silently() {
    holds(Protocol { snapshots: true, ..EVERYSEC });
    holds(Protocol { commands: 1, node_crashes: 1, snapshots: true, ..EVERYSEC });
    holds(Protocol { commands: 1, restarts: 2, ..EVERYSEC });
}

#[test]
fn a_store_that_syncs_every_write_loses_nothing() {
    holds(Protocol { restarts: 2, node_crashes: 1, ..ALWAYS });
}

#[test]
fn an_emptied_store_is_filled_from_the_copies() {
    holds(Protocol { commands: 1, flushes: 1, restarts: 0, ..ALWAYS });
    let claimed = Protocol { commands: 1, flushes: 1, expiries: 1, claim: true, ..ALWAYS };
    holds(claimed);
    holds(Protocol { lossy: true, durable: false, ..claimed });
    holds(Protocol { flushes: 2, restarts: 0, ..claimed });
}

#[test]
fn the_protocol_holds_in_larger_worlds() {
    if std::env::var("MODEL").is_ok_and(|size| size == "big") {
        holds(Protocol { node_crashes: 1, snapshots: true, ..EVERYSEC });
        holds(Protocol { commands: 1, restarts: 2, node_crashes: 1, snapshots: true, ..EVERYSEC });
        holds(Protocol { commands: 3, node_crashes: 1, ..EVERYSEC });
        holds(Protocol { restarts: 2, ..EVERYSEC });
        holds(Protocol { commands: 1, nodes: 3, node_crashes: 1, ..EVERYSEC });
        holds(Protocol { nodes: 3, ..EVERYSEC });
        holds(Protocol { nodes: 3, restarts: 2, ..ALWAYS });
        holds(Protocol { flushes: 1, expiries: 1, claim: true, ..ALWAYS });
    }
}

#[test]
fn without_the_run_id_a_place_is_taken_twice() {
    breaks(Protocol { run_guard: false, ..EVERYSEC }, "S1 a place is taken once");
}

#[test]
fn without_the_run_id_a_client_goes_back() {
    breaks(Protocol { run_guard: false, ..EVERYSEC }, "S2 a client never goes back");
}

#[test]
fn without_a_new_epoch_a_place_is_taken_twice() {
    breaks(Protocol { epoch_raised: false, ..EVERYSEC }, "S1 a place is taken once");
}

#[test]
fn without_its_ops_a_copy_lets_a_command_take_effect_twice() {
    breaks(Protocol { ops_kept: false, ..EVERYSEC }, "S3 a command takes effect once");
}

#[test]
fn a_declared_durability_that_is_none_hides_a_loss() {
    breaks(Protocol { durable: true, ..EVERYSEC }, "S4 a loss is announced");
}

#[test]
fn even_then_a_client_whose_command_is_lost_hears_of_it_on_resuming() {
    let checker = Protocol { durable: true, ..EVERYSEC }.checker().spawn_bfs().join();
    checker.assert_no_discovery("S4 an acknowledged client hears of a loss");
    checker.assert_any_discovery("S5 nothing is lost");
}

#[test]
fn an_adoption_over_later_changes_undoes_acknowledged_commands() {
    let touched = Protocol { adopt_untouched: false, ..EVERYSEC };
    breaks(touched, "S4 an adoption undoes nothing");
}

#[test]
fn nodes_that_adopt_rebuilt_rooms_without_changes_never_come_to_an_end() {
    let further = Protocol { commands: 1, adopt_later: false, ..EVERYSEC };
    breaks(further, "L8 epochs come to an end");
}

#[test]
fn a_late_rebuild_that_reaches_a_restarted_store_takes_clients_back() {
    let late = Protocol { commands: 1, restarts: 2, process_guard: false, ..EVERYSEC };
    breaks(late, "S2 a client never goes back");
}

#[test]
fn a_rebuild_over_anything_but_what_was_read_loses_what_a_durable_store_kept() {
    breaks(Protocol { read_guard: false, ..ALWAYS }, "S5 nothing is lost");
}

/// A missing room looks the same before and after another node's rebuild if the store is emptied in
/// between.
#[test]
fn without_a_claim_two_losses_during_one_rebuild_take_clients_back() {
    let unclaimed = Protocol { commands: 1, flushes: 2, restarts: 0, ..EVERYSEC };
    breaks(unclaimed, "S2 a client never goes back");
}

/// Checks that every reachable world has all safety properties, and that the interesting ones are
/// reachable.
#[track_caller]
fn holds(protocol: Protocol) {
    let checker = protocol.checker().threads(2).spawn_bfs().join();
    let states = checker.unique_state_count();
    println!("{states} states, {} steps deep: {protocol:?}", checker.max_depth());
    checker.assert_properties();
}

/// Checks that the model finds a world without `property`.
#[track_caller]
fn breaks(protocol: Protocol, property: &'static str) {
    let found = HasDiscoveries::AllOf([property].into());
    let checker = protocol.checker().threads(2).finish_when(found).spawn_bfs().join();
    let path = checker.discovery(property);
    println!("{:?}", path.map(|path| path.into_actions()));
    checker.assert_any_discovery(property);
}
