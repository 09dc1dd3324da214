#![allow(non_snake_case)] // the contract's own names
use std::process::{Command, Stdio};

use alloy::primitives::{
    Address, B256, Bytes,
    aliases::{U24, U40},
};
use alloy::sol_types::SolCall;
use contract_bindings::Deployment;
use contract_bindings::registry::{ConsentRegistry, IConsents};
use serde_json::{Value, json};

use super::{Process, free_address, required, until};

pub const FOREVER: u64 = (1 << 40) - 1;

/// An account that anvil signs for.
pub type Party = Address;
/// A policy's hash.
pub type Scope = B256;

/// A development chain of this test's own.
pub struct Anvil {
    pub url: String,
    pub accounts: Vec<Party>,
    registry: Address,
    http: reqwest::Client,
    _process: Process,
}

impl Anvil {
    pub async fn start(args: &[&str]) -> Self {
        let port = free_address().port();
        let child = Command::new(required("TEST_ANVIL"))
            .args([
                "--host",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--chain-id",
                "31337",
                "--hardfork",
                "osaka",
            ])
            .args(["--auto-impersonate", "--slots-in-an-epoch", "1", "--quiet"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("TEST_ANVIL is the path of the anvil binary");
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let registry = Deployment::local_registry().unwrap().address;
        let url = format!("http://127.0.0.1:{port}");
        let mut anvil = Self {
            url,
            accounts: Vec::new(),
            registry,
            http,
            _process: Process(child),
        };
        until("anvil to answer", async || {
            anvil.ask("eth_chainId", json!([])).await.is_some()
        })
        .await;
        anvil.accounts =
            serde_json::from_value(anvil.rpc("eth_accounts", json!([])).await).unwrap();
        anvil
    }

    async fn ask(&self, method: &str, params: Value) -> Option<Value> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.http
            .post(&self.url)
            .json(&request)
            .send()
            .await
            .ok()?
            .json()
            .await
            .ok()
    }

    pub async fn rpc(&self, method: &str, params: Value) -> Value {
        let mut answer = self
            .ask(method, params)
            .await
            .unwrap_or_else(|| panic!("anvil does not answer {method}"));
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].take()
    }

    /// Height and hash of the head.
    pub async fn head(&self) -> (u64, String) {
        let block = self
            .rpc("eth_getBlockByNumber", json!(["latest", false]))
            .await;
        (
            number(&block["number"]),
            block["hash"].as_str().unwrap().to_owned(),
        )
    }

    pub async fn now(&self) -> u64 {
        number(
            &self
                .rpc("eth_getBlockByNumber", json!(["latest", false]))
                .await["timestamp"],
        )
    }

    pub async fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([format!("{blocks:#x}")]))
            .await;
    }

    /// Replaces the last blocks by empty ones, which the given calls go into: (from, call data, block offset).
    pub async fn reorg(&self, depth: u64, calls: &[(Party, Vec<u8>, u64)]) {
        let calls: Vec<_> = calls
            .iter()
            .map(|(from, data, at)| json!([self.transaction(*from, data), at]))
            .collect();
        self.rpc("anvil_reorg", json!([depth, calls])).await;
    }

    pub async fn snapshot(&self) -> Value {
        self.rpc("evm_snapshot", json!([])).await
    }

    pub async fn go_back(&self, snapshot: Value) {
        assert_eq!(self.rpc("evm_revert", json!([snapshot])).await, true);
    }

    /// Lets chain time pass and mines a block.
    pub async fn pass(&self, seconds: u64) {
        self.rpc("evm_increaseTime", json!([seconds])).await;
        self.mine(1).await;
    }

    pub fn registry(&self) -> Address {
        self.registry
    }

    fn transaction(&self, from: Party, data: &[u8]) -> Value {
        json!({"from": from, "to": self.registry, "data": Bytes::copy_from_slice(data), "gas": "0x7a120"})
    }

    /// Sends a call of the registry; false if it reverted.
    pub async fn send(&self, from: Party, data: Vec<u8>) -> bool {
        let hash = self
            .rpc(
                "eth_sendTransaction",
                json!([self.transaction(from, &data)]),
            )
            .await;
        number(&self.receipt(hash).await["status"]) == 1
    }

    /// As [`Anvil::send`], and must work.
    pub async fn call(&self, from: Party, data: Vec<u8>) {
        assert!(self.send(from, data).await, "the registry refused");
    }

    async fn receipt(&self, hash: Value) -> Value {
        until("a receipt", async || {
            !self
                .rpc("eth_getTransactionReceipt", json!([hash]))
                .await
                .is_null()
        })
        .await;
        self.rpc("eth_getTransactionReceipt", json!([hash])).await
    }

    pub async fn deploy_registry(&self) {
        let deployment = Deployment::local_registry().unwrap();
        let transaction = json!({"from": self.accounts[0], "to": deployment.deployer, "data": deployment.factory_input()});
        let hash = self.rpc("eth_sendTransaction", json!([transaction])).await;
        assert_eq!(number(&self.receipt(hash).await["status"]), 1);
    }

    /// Puts other code where the registry is expected.
    pub async fn replace_registry(&self, code: &str) {
        self.rpc("anvil_setCode", json!([self.registry, code]))
            .await;
        self.mine(1).await;
    }

    /// What the registry itself says about a consent.
    pub async fn stored(&self, id: B256) -> IConsents::Consent {
        let call = ConsentRegistry::consentsCall { id }.abi_encode();
        let request = json!({"to": self.registry, "data": Bytes::from(call)});
        let answer: Bytes =
            serde_json::from_value(self.rpc("eth_call", json!([request, "latest"])).await).unwrap();
        ConsentRegistry::consentsCall::abi_decode_returns(&answer).unwrap()
    }

    /// The registry's logs as the node lists them, in order.
    pub async fn logs(&self) -> Vec<Value> {
        let filter = json!({"fromBlock": "0x0", "toBlock": "latest", "address": self.registry});
        self.rpc("eth_getLogs", json!([filter]))
            .await
            .as_array()
            .unwrap()
            .clone()
    }
}

pub fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

pub fn scope(byte: u8) -> Scope {
    B256::repeat_byte(byte)
}

pub fn request(subject: Party, grantee: Party, scopeId: Scope, now: u64, version: u32) -> Vec<u8> {
    let (validFrom, validTo, respondBy) =
        (U40::from(now), U40::from(FOREVER), U40::from(now + 3600));
    ConsentRegistry::requestCall {
        subject,
        grantee,
        scopeId,
        validFrom,
        validTo,
        respondBy,
        version,
    }
    .abi_encode()
}

pub fn grant(
    subject: Party,
    grantee: Party,
    scopeId: Scope,
    window: (u64, u64),
    version: u32,
) -> Vec<u8> {
    let (validFrom, validTo) = (U40::from(window.0), U40::from(window.1));
    ConsentRegistry::grantCall {
        subject,
        grantee,
        scopeId,
        seq: U24::ZERO,
        validFrom,
        validTo,
        version,
    }
    .abi_encode()
}

pub fn deny(subject: Party, grantee: Party, scopeId: Scope) -> Vec<u8> {
    ConsentRegistry::denyCall {
        subject,
        grantee,
        scopeId,
    }
    .abi_encode()
}

pub fn revoke(subject: Party, grantee: Party, scopeId: Scope) -> Vec<u8> {
    ConsentRegistry::revokeCall {
        subject,
        grantee,
        scopeId,
    }
    .abi_encode()
}

pub fn expire(subject: Party, grantee: Party, scopeId: Scope) -> Vec<u8> {
    ConsentRegistry::expireCall {
        subject,
        grantee,
        scopeId,
    }
    .abi_encode()
}
