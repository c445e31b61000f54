//! SQLite as a peer: the same signed rows, in a WAL database that flushes at each commit.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use gatos_values::SealedEvent;
use rusqlite::{Connection, params};

/// A database of events behind one connection, as SQLite has one writer anyway.
pub struct Database(Mutex<Connection>);

impl Database {
    /// `journal_mode = WAL`, `synchronous = FULL`.
    pub fn open(path: &Path) -> Database {
        let connection = Connection::open(path).expect("SQLite opens a file");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 CREATE TABLE IF NOT EXISTS events (
                     id BLOB PRIMARY KEY, journal TEXT NOT NULL, ulid BLOB NOT NULL,
                     envelope BLOB NOT NULL, signature BLOB NOT NULL) WITHOUT ROWID;
                 CREATE UNIQUE INDEX IF NOT EXISTS by_ulid ON events (journal, ulid);",
            )
            .expect("the schema is SQL");
        Database(Mutex::new(connection))
    }

    /// All events of a call in one transaction.
    pub fn append(&self, events: &[SealedEvent]) {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction().expect("a transaction begins");
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5)")
                .expect("the statement is SQL");
            for event in events {
                let envelope = event.envelope();
                insert
                    .execute(params![
                        &event.id().as_bytes()[..],
                        envelope.ns.as_str(),
                        envelope.ulid.to_string(),
                        event.bytes(),
                        event.signature().to_blob(),
                    ])
                    .expect("the row is new");
            }
        }
        transaction.commit().expect("the transaction commits");
    }

    /// Reads every envelope in order; gives count and bytes, so that nothing is optimised away.
    pub fn read_all(&self) -> (usize, usize) {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut select = connection
            .prepare("SELECT envelope, signature FROM events ORDER BY ulid, id")
            .expect("the statement is SQL");
        let mut rows = select.query([]).expect("the query runs");
        let (mut count, mut size) = (0, 0);
        while let Some(row) = rows.next().expect("the rows read") {
            let envelope: Vec<u8> = row.get(0).expect("a column");
            let signature: Vec<u8> = row.get(1).expect("a column");
            count += 1;
            size += envelope.len() + signature.len();
        }
        (count, size)
    }
}
