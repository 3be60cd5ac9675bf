//! Tests of the stores on a real Redis and a real PostgreSQL, and of what happens to rooms when these
//! fail.

mod adoption;
mod bounds;
mod clock;
mod cost;
mod cuttable_sql;
mod damage;
mod differential;
mod due;
mod follower;
mod laws;
mod masters;
mod messages;
mod node;
mod outages;
mod pooler;
mod postgres;
mod promotion;
mod recovery;
mod switch;
