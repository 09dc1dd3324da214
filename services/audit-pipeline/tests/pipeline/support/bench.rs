//! A topic, a group and a bucket of one's own.

use std::time::Duration;

use audit_pipeline::archive::store::Lock;
use audit_pipeline::archive::{Store, StoredObject, lines, segment};
use audit_pipeline::config::BucketConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};
use serde::Deserialize;
use uuid::Uuid;

use super::given;

const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    pub endpoint: String,
    pub access_key: String,
    pub secret_key: String,
}

pub struct Bench {
    pub brokers: String,
    pub topic: String,
    pub bucket: String,
    pub access: Access,
    pub s3: Client,
    producer: FutureProducer,
}

/// How a bucket is made.
#[derive(PartialEq)]
pub enum Bucket {
    Locked,
    Unlocked,
}

impl Bench {
    /// With one partition and a bucket with Object Lock.
    pub async fn new() -> Self {
        Self::with(Bucket::Locked, 1).await
    }

    pub async fn with(kind: Bucket, partitions: i32) -> Self {
        let brokers = given("TEST_KAFKA");
        let access: Access =
            serde_json::from_str(&given("TEST_S3")).expect("TEST_S3 is not what scripts/test sets");
        let name = format!("test-{}", Uuid::now_v7().simple());
        let producer = ClientConfig::new()
            .set("bootstrap.servers", &brokers)
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("linger.ms", "0")
            .create()
            .unwrap();
        let bench = Self {
            topic: format!("{name}.v1"),
            bucket: name,
            s3: client(&access),
            brokers,
            access,
            producer,
        };
        bench.create_topics(partitions).await;
        bench
            .s3
            .create_bucket()
            .bucket(&bench.bucket)
            .object_lock_enabled_for_bucket(kind == Bucket::Locked)
            .send()
            .await
            .expect("the bucket of the test cannot be made");
        bench
    }

    async fn create_topics(&self, partitions: i32) {
        let admin: AdminClient<_> = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .create()
            .unwrap();
        let dead = format!("{}.dlq", self.topic);
        let topics = [
            NewTopic::new(&self.topic, partitions, TopicReplication::Fixed(1)),
            NewTopic::new(&dead, 1, TopicReplication::Fixed(1)),
        ];
        let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
        for outcome in admin.create_topics(&topics, &options).await.unwrap() {
            outcome.expect("the topic of the test cannot be made");
        }
    }

    /// Sends values in order to a partition; returns their offsets.
    pub async fn send_to(&self, partition: i32, values: &[Vec<u8>]) -> Vec<i64> {
        let mut deliveries = Vec::new();
        for value in values {
            let record = FutureRecord::to(&self.topic)
                .partition(partition)
                .key("gateway-1")
                .headers(OwnedHeaders::new())
                .payload(value);
            deliveries.push(
                self.producer
                    .send_result(record)
                    .map_err(|(e, _)| e)
                    .unwrap(),
            );
        }
        let mut offsets = Vec::new();
        for delivery in deliveries {
            offsets.push(delivery.await.unwrap().map_err(|(e, _)| e).unwrap().offset);
        }
        offsets
    }

    pub async fn send(&self, values: &[Vec<u8>]) -> Vec<i64> {
        self.send_to(0, values).await
    }

    /// The configuration under which the pipeline and its command find the bucket.
    pub fn bucket_config(&self) -> BucketConfig {
        BucketConfig {
            s3_endpoint: self.access.endpoint.parse().unwrap(),
            s3_bucket: self.bucket.clone(),
            s3_region: "us-east-1".into(),
            s3_access_key: self.access.access_key.clone(),
            s3_secret_key: self.access.secret_key.parse().unwrap(),
        }
    }

    pub fn store(&self) -> Store {
        Store::new(&self.bucket_config())
    }

    /// The archive's objects, in the order of keys.
    pub async fn objects(&self) -> Vec<StoredObject> {
        self.store().list(segment::PREFIX).await.unwrap()
    }

    pub async fn lock(&self, object: &StoredObject) -> Option<Lock> {
        self.store().lock(object).await.unwrap()
    }

    pub async fn body(&self, object: &StoredObject) -> Vec<u8> {
        self.store().get(object).await.unwrap().body.to_vec()
    }

    /// Every archived line, partition by partition in the order of offsets. One key a version.
    pub async fn archived(&self) -> Vec<Vec<u8>> {
        let mut objects = self.objects().await;
        objects.sort_by_cached_key(|object| {
            let key: segment::SegmentKey = object.key.parse().unwrap();
            (key.partition, key.start)
        });
        let mut all = Vec::new();
        for object in &objects {
            all.extend(lines(&self.body(object).await).map(<[u8]>::to_vec));
        }
        all
    }

    /// How many versions there are under the prefix, whatever their keys.
    pub async fn versions(&self, prefix: &str) -> usize {
        let answer = self
            .s3
            .list_object_versions()
            .bucket(&self.bucket)
            .prefix(prefix)
            .send()
            .await
            .unwrap();
        answer.versions().len()
    }

    /// The offset committed for a partition by the test's group.
    pub async fn committed(&self, partition: i32) -> Option<i64> {
        let (brokers, group, topic) = (
            self.brokers.clone(),
            self.group().to_owned(),
            self.topic.clone(),
        );
        tokio::task::spawn_blocking(move || {
            let consumer: BaseConsumer = ClientConfig::new()
                .set("bootstrap.servers", &brokers)
                .set("group.id", &group)
                .create()
                .unwrap();
            let mut wanted = TopicPartitionList::new();
            wanted.add_partition(&topic, partition);
            let found = consumer.committed_offsets(wanted, TIMEOUT).unwrap();
            match found.elements()[0].offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            }
        })
        .await
        .unwrap()
    }

    pub fn group(&self) -> &str {
        &self.bucket
    }
}

fn client(access: &Access) -> Client {
    let credentials = Credentials::new(
        &access.access_key,
        &access.secret_key,
        None,
        None,
        "TEST_S3",
    );
    Client::from_conf(
        aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&access.endpoint)
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .force_path_style(true)
            .retry_config(RetryConfig::standard())
            .build(),
    )
}
