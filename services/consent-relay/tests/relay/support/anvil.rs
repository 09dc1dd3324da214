use std::net::SocketAddr;
use std::process::{Command, Stdio};

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::SolCall;
use contract_bindings::deployment::Deployments;
use contract_bindings::registry::{ConsentRegistry, HospitalRegistry, IConsents};
use serde_json::{Value, json};

use super::{Process, free_address, required, until};

/// A development chain of this test's own.
pub struct Anvil {
    pub url: String,
    pub accounts: Vec<Address>,
    http: reqwest::Client,
    _process: Process,
}

pub fn registry() -> Address {
    address("ConsentRegistry")
}

fn address(contract: &str) -> Address {
    Deployments::local()
        .unwrap()
        .find(contract)
        .unwrap()
        .address
}

impl Anvil {
    pub async fn start(args: &[&str]) -> Self {
        Self::start_at(free_address(), args).await
    }

    pub async fn start_at(at: SocketAddr, args: &[&str]) -> Self {
        let child = Command::new(required("TEST_ANVIL"))
            .args(["--host", "127.0.0.1", "--port", &at.port().to_string()])
            .args(["--chain-id", "31337", "--hardfork", "osaka"])
            .args(["--auto-impersonate", "--slots-in-an-epoch", "1", "--quiet"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("TEST_ANVIL is the path of the anvil binary");
        let mut anvil = Self {
            url: format!("http://{at}"),
            accounts: Vec::new(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
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
        let answer = self.http.post(&self.url).json(&request).send().await.ok()?;
        answer.json().await.ok()
    }

    pub async fn rpc(&self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await;
        let mut answer = answer.unwrap_or_else(|| panic!("anvil does not answer {method}"));
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].take()
    }

    /// Whether blocks come with transactions.
    pub async fn automine(&self, on: bool) {
        self.rpc("evm_setAutomine", json!([on])).await;
    }

    pub async fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([format!("{blocks:#x}")]))
            .await;
    }

    /// Replaces the last blocks by empty ones.
    pub async fn reorg(&self, depth: u64) {
        self.rpc("anvil_reorg", json!([depth, []])).await;
    }

    pub async fn now(&self) -> u64 {
        let block = self.rpc("eth_getBlockByNumber", json!(["latest", false]));
        number(&block.await["timestamp"])
    }

    pub async fn fund(&self, account: Address) {
        self.set_balance(account, 10u128.pow(21)).await;
    }

    pub async fn set_balance(&self, account: Address, wei: u128) {
        let wei = U256::from(wei);
        self.rpc("anvil_setBalance", json!([account, wei])).await;
    }

    pub async fn set_code(&self, at: Address, code: &str) {
        self.rpc("anvil_setCode", json!([at, code])).await;
    }

    /// Transactions of an account on the chain.
    pub async fn count(&self, account: Address) -> u64 {
        let count = self.rpc("eth_getTransactionCount", json!([account, "latest"]));
        number(&count.await)
    }

    /// Takes a transaction out of the node's pool.
    pub async fn forget(&self, hash: &str) {
        self.rpc("anvil_dropTransaction", json!([hash])).await;
    }

    /// A transaction as the node has it, mined or not.
    pub async fn transaction(&self, hash: &str) -> Value {
        self.rpc("eth_getTransactionByHash", json!([hash])).await
    }

    /// Sends a call of a contract from an account of the node, which must work.
    pub async fn call(&self, from: Address, to: Address, data: Vec<u8>) {
        let transaction =
            json!({"from": from, "to": to, "data": Bytes::from(data), "gas": "0xf42400"});
        let hash = self.rpc("eth_sendTransaction", json!([transaction])).await;
        let receipt = async || self.rpc("eth_getTransactionReceipt", json!([hash])).await;
        until("a receipt", async || !receipt().await.is_null()).await;
        assert_eq!(receipt().await["status"], "0x1", "the contract refused");
    }

    /// Puts all contracts in place; the node's second account is a verified organisation.
    pub async fn deploy(&self) {
        self.automine(true).await;
        let deployments = Deployments::local().unwrap();
        for deployment in &deployments.contracts {
            let input = deployment.factory_input().to_vec();
            self.call(self.accounts[0], deployment.deployer, input)
                .await;
        }
        for call in deployments.roles.calls {
            let (from, to) = (deployments.roles.from, deployments.roles.to);
            self.call(from, to, call.data.to_vec()).await;
        }
    }

    pub async fn verify_organization(&self, organization: Address) {
        let verify = HospitalRegistry::verifyCall {
            organization,
            credential: B256::repeat_byte(0xcd),
            validTo: alloy::primitives::aliases::U40::MAX,
            asOf: Default::default(),
        };
        let hospitals = address("HospitalRegistry");
        self.call(self.accounts[1], hospitals, verify.abi_encode())
            .await;
    }

    pub async fn view<C: SolCall>(&self, call: C) -> C::Return {
        let request = json!({"to": registry(), "data": Bytes::from(call.abi_encode())});
        let answer = self.rpc("eth_call", json!([request, "latest"])).await;
        let answer: Bytes = serde_json::from_value(answer).unwrap();
        C::abi_decode_returns(&answer).unwrap()
    }

    /// What the registry stores about a consent.
    pub async fn stored(
        &self,
        subject: Address,
        grantee: Address,
        scope: B256,
    ) -> IConsents::Consent {
        let id = self
            .view(ConsentRegistry::consentIdCall {
                subject,
                grantee,
                scopeId: scope,
            })
            .await;
        self.view(ConsentRegistry::consentsCall { id }).await
    }

    /// The registry's status of a consent: 2 active, 4 revoked.
    pub async fn status(&self, subject: Address, grantee: Address, scope: B256) -> u8 {
        self.stored(subject, grantee, scope).await.status
    }

    pub async fn controller(&self, subject: Address) -> Address {
        self.view(ConsentRegistry::subjectsCall { subject })
            .await
            .controller
    }
}

pub fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}
