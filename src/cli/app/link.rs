//! The link to the page, and the check that a request comes from somebody who has the link.

use inkgrad::{Error, Result};

/// Bytes of the token: no one guesses 128 bits.
const TOKEN: usize = 16;

pub struct Link {
    port: u16,
    token: String,
}

impl Link {
    /// With a new token.
    pub fn new(port: u16) -> Result<Self> {
        let mut bytes = [0; TOKEN];
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::Internal(format!("the system gives no random bytes: {error}")))?;
        Ok(Link { port, token: bytes.iter().map(|byte| format!("{byte:02x}")).collect() })
    }

    fn names(&self) -> [String; 2] {
        ["127.0.0.1", "localhost"].map(|name| format!("{name}:{}", self.port))
    }

    /// Whether a Host header names this server. Any other name that resolves to this machine was set up by somebody else's
    /// page (DNS rebinding).
    pub fn is_host(&self, host: &[u8]) -> bool {
        self.names().iter().any(|name| name.as_bytes().eq_ignore_ascii_case(host))
    }

    /// Whether an Origin header is that of the page as served here.
    pub fn is_origin(&self, origin: &[u8]) -> bool {
        self.names().iter().any(|name| format!("http://{name}").as_bytes() == origin)
    }

    /// Whether a request's query has the token. Takes the same time for every wrong token of its length.
    pub fn is_token(&self, query: &str) -> bool {
        let given = query.split('&').find_map(|field| field.strip_prefix("token="));
        given.is_some_and(|given| {
            let pairs = given.bytes().zip(self.token.bytes());
            given.len() == self.token.len() && pairs.fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
        })
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "http://127.0.0.1:{}/?token={}", self.port, self.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_names_and_token_are_known() {
        let link = Link { port: 99, token: "00ff".into() };
        assert_eq!(link.to_string(), "http://127.0.0.1:99/?token=00ff");
        let is_host = |text: &str| link.is_host(text.as_bytes());
        assert!(is_host("127.0.0.1:99") && is_host("LocalHost:99"));
        for host in ["127.0.0.1", "127.0.0.1:98", "evil.example:99", "127.0.0.1:99.evil.example", ""] {
            assert!(!is_host(host), "{host}");
        }
        let is_origin = |text: &str| link.is_origin(text.as_bytes());
        assert!(is_origin("http://127.0.0.1:99") && is_origin("http://localhost:99"));
        for origin in ["null", "https://127.0.0.1:99", "http://127.0.0.1:98", "http://evil.example:99"] {
            assert!(!is_origin(origin), "{origin}");
        }
        assert!(link.is_token("token=00ff") && link.is_token("a=b&token=00ff"));
        for query in ["", "token=", "token=00fe", "token=00f", "token=00ff0", "tokens=00ff", "token=00FF"] {
            assert!(!link.is_token(query), "{query}");
        }
        let other = || Link::new(1).unwrap().token;
        assert!(other() != other() && other().len() == 32);
    }
}
