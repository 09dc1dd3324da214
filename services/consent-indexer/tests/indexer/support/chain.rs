#![allow(non_snake_case)] // the contract's own names
use std::process::{Command, Stdio};

use alloy::primitives::{
    Address, B256, Bytes,
    aliases::{U24, U40},
};
use alloy::sol_types::SolCall;
use contract_bindings::Followed;
use contract_bindings::deployment::Deployments;
use contract_bindings::registry::{ConsentRegistry, HospitalRegistry, IConsents};
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
    contracts: Followed,
    http: reqwest::Client,
    _process: Process,
}

/// The accounts of a development chain that keep the registries of grantees.
pub const REGISTRAR: usize = 1;
pub const SUSPENDER: usize = 2;
/// The accounts that are verified organisations from the start.
pub const CLINICS: [usize; 2] = [1, 2];

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
        let deployments = Deployments::local().unwrap();
        let address = |contract| deployments.find(contract).unwrap().address;
        let contracts = Followed {
            registry: address("ConsentRegistry"),
            hospitals: Some(address("HospitalRegistry")),
            providers: Some(address("ProviderRegistry")),
        };
        let url = format!("http://127.0.0.1:{port}");
        let mut anvil = Self {
            url,
            accounts: Vec::new(),
            contracts,
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
            .map(|(from, data, at)| json!([self.transaction(*from, self.registry(), data), at]))
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
        self.contracts.registry
    }

    pub fn hospitals(&self) -> Address {
        self.contracts.hospitals.unwrap()
    }

    pub fn providers(&self) -> Address {
        self.contracts.providers.unwrap()
    }

    fn transaction(&self, from: Party, to: Address, data: &[u8]) -> Value {
        json!({"from": from, "to": to, "data": Bytes::copy_from_slice(data), "gas": "0xf42400"})
    }

    /// Sends a call of the registry; false if it reverted.
    pub async fn send(&self, from: Party, data: Vec<u8>) -> bool {
        self.send_to(self.registry(), from, data).await
    }

    /// Sends a call of any contract; false if it reverted.
    pub async fn send_to(&self, to: Address, from: Party, data: Vec<u8>) -> bool {
        let transaction = self.transaction(from, to, &data);
        let hash = self.rpc("eth_sendTransaction", json!([transaction])).await;
        number(&self.receipt(hash).await["status"]) == 1
    }

    /// As [`Anvil::send_to`], and must work.
    pub async fn call_to(&self, to: Address, from: Party, data: Vec<u8>) {
        assert!(
            self.send_to(to, from, data).await,
            "the contract at {to} refused"
        );
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

    /// Puts all contracts in place and verifies the clinics.
    pub async fn deploy(&self) {
        let deployments = Deployments::local().unwrap();
        for deployment in &deployments.contracts {
            let input = deployment.factory_input().to_vec();
            self.call_to(deployment.deployer, self.accounts[0], input)
                .await;
        }
        let roles = deployments.roles;
        for call in roles.calls {
            self.call_to(roles.to, roles.from, call.data.to_vec()).await;
        }
        for clinic in CLINICS {
            let verify = verify_organization(self.accounts[clinic], FOREVER, 0);
            self.call_to(self.hospitals(), self.accounts[REGISTRAR], verify)
                .await;
        }
    }

    /// Puts other code where a contract is expected.
    pub async fn replace(&self, contract: Address, code: &str) {
        self.rpc("anvil_setCode", json!([contract, code])).await;
        self.mine(1).await;
    }

    /// Asks a view of a contract, at the head.
    pub async fn view<C: SolCall>(&self, contract: Address, call: C) -> C::Return {
        let request = json!({"to": contract, "data": Bytes::from(call.abi_encode())});
        let answer: Bytes =
            serde_json::from_value(self.rpc("eth_call", json!([request, "latest"])).await).unwrap();
        C::abi_decode_returns(&answer).unwrap()
    }

    /// What the registry itself says about a consent.
    pub async fn stored(&self, id: B256) -> IConsents::Consent {
        self.view(self.registry(), ConsentRegistry::consentsCall { id })
            .await
    }

    /// The followed contracts' logs as the node lists them, in order.
    pub async fn logs(&self) -> Vec<Value> {
        let contracts = [self.registry(), self.hospitals(), self.providers()];
        let filter = json!({"fromBlock": "0x0", "toBlock": "latest", "address": contracts});
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

/// A grant of a subject whose seq is still 0.
pub fn grant(
    subject: Party,
    grantee: Party,
    scopeId: Scope,
    window: (u64, u64),
    version: u32,
) -> Vec<u8> {
    grant_at(0, subject, grantee, scopeId, window, version)
}

/// A grant under a later seq.
pub fn grant_at(
    seq: u32,
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
        seq: U24::from(seq),
        validFrom,
        validTo,
        version,
    }
    .abi_encode()
}

pub fn revoke_all(subject: Party, dropDelegates: bool) -> Vec<u8> {
    ConsentRegistry::revokeAllCall {
        subject,
        dropDelegates,
    }
    .abi_encode()
}

pub fn verify_organization(organization: Party, validTo: u64, asOf: u64) -> Vec<u8> {
    HospitalRegistry::verifyCall {
        organization,
        credential: B256::repeat_byte(0xcd),
        validTo: U40::from(validTo),
        asOf: U40::from(asOf),
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
