//! Errors of JSON-RPC nodes: those of the contract that was called, and those of the node itself.

/// A code of JSON-RPC nodes for "the call reverted".
const REVERTED: i64 = 3;

/// Whether an error is that of a contract's execution: it reverted, or ran out of gas. Nodes agree on a code for the
/// first only, and tell of the second in words.
pub fn is_of_execution(code: i64, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let signs = ["revert", "out of gas", "outofgas", "gas required exceeds"];
    code == REVERTED || signs.iter().any(|sign| message.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contracts_error_is_told_from_a_nodes() {
        assert!(is_of_execution(3, "execution reverted: custom error"));
        assert!(is_of_execution(
            -32000,
            "Out of gas: gas required exceeds allowance: 9"
        ));
        assert!(is_of_execution(-32003, "EVM error OutOfGas"));
        assert!(!is_of_execution(-32005, "rate limited"));
        assert!(!is_of_execution(-32000, "header not found"));
    }
}
