//! A PostgreSQL that one node reaches through a line that can be cut.

use std::net::SocketAddr;
use std::sync::Arc;

use harness::{FaultProxy, PostgresServer};
use server::sql::Sql;

/// A PostgreSQL that one node reaches through a line, and another directly.
pub struct CuttableSql {
    /// The line. While it is cut, the node has no SQL.
    pub line: FaultProxy,
    /// The database through the line.
    pub through: Arc<Sql>,
    /// The same database directly.
    pub direct: Arc<Sql>,
    _postgres: PostgresServer,
}

impl CuttableSql {
    /// Starts an empty database.
    pub async fn start() -> Self {
        let postgres = PostgresServer::start_unsynced().await.expect("PostgreSQL starts");
        let url = postgres.url();
        let port = url.rsplit(':').next().and_then(|rest| rest.split('/').next());
        let port: u16 = port.and_then(|port| port.parse().ok()).expect("it names its port");
        let upstream = SocketAddr::from(([127, 0, 0, 1], port));
        let line = FaultProxy::start(upstream).await.expect("started");
        let cuttable = url.replace(&format!(":{port}/"), &format!(":{}/", line.address().port()));
        let direct = Arc::new(Sql::open(&url).await.expect("the database opens"));
        let through = Arc::new(Sql::open(&cuttable).await.expect("the database opens"));
        Self { line, through, direct, _postgres: postgres }
    }
}
