use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool};
use uuid::Uuid;

use crate::required;

/// A database of this test's own, dropped with it.
pub struct Database {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub url: String,
    /// Connections to it.
    pub pool: PgPool,
    admin_url: String,
}

impl Database {
    /// Makes an empty one.
    pub async fn create() -> Self {
        let admin_url = required("TEST_DATABASE_URL");
        let name = format!("test_{}", Uuid::now_v7().simple());
        admin(&admin_url, format!("CREATE DATABASE {name}")).await;
        let mut url: url::Url = admin_url.parse().expect("TEST_DATABASE_URL is a URL");
        url.set_path(&name);
        let url = url.to_string();
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .connect_lazy(&url)
            .unwrap();
        Self {
            name,
            url,
            pool,
            admin_url,
        }
    }

    /// Lets nobody in and throws everybody out, as an outage would.
    pub async fn shut(&self) {
        let name = &self.name;
        admin(
            &self.admin_url,
            format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
        )
        .await;
        admin(
            &self.admin_url,
            format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ),
        )
        .await;
    }

    /// Lets everybody in again.
    pub async fn open(&self) {
        admin(
            &self.admin_url,
            format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name),
        )
        .await;
    }
}

async fn admin(url: &str, statement: String) {
    let mut connection = PgConnection::connect(url)
        .await
        .expect("TEST_DATABASE_URL leads to a server");
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
}

impl Drop for Database {
    fn drop(&mut self) {
        let (url, statement) = (
            self.admin_url.clone(),
            format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
        );
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(admin(&url, statement));
        });
        let _ = dropping.join();
    }
}
