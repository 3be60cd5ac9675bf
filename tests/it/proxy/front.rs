//! Proxies in front of a server, set up as the examples of the documentation say.

use harness::WebServer;
use harness::port::ReservedPort;

/// The documentation with the examples.
const DOCS: &str = include_str!("../../../docs/operations.md");

/// Starts nginx in front of a server.
pub async fn nginx(server: &str) -> WebServer {
    nginx_on(ReservedPort::take().unwrap(), server, |example| example).await
}

/// Does the same on this port, with an example that `adapt` changes.
pub async fn nginx_on(
    port: ReservedPort,
    server: &str,
    adapt: impl FnOnce(String) -> String,
) -> WebServer {
    let example = example("nginx", server);
    let example = example.lines().filter(|line| !line.contains("ssl_certificate"));
    let example = example.collect::<Vec<_>>().join("\n");
    let listen = format!("listen {};", port.address());
    let sites = adapt(example.replace("listen 443 ssl;", &listen));
    WebServer::nginx(port, &sites).await.unwrap()
}

/// Starts Caddy in front of a server.
pub async fn caddy(server: &str) -> WebServer {
    let port = ReservedPort::take().unwrap();
    let site = format!("http://{} {{", port.address());
    let sites = example("caddy", server).replace("party.example {", &site);
    WebServer::caddy(port, &sites).await.unwrap()
}

/// The example of a language, in front of this server.
fn example(language: &str, server: &str) -> String {
    let block = DOCS.split(&format!("```{language}\n")).nth(1);
    let block = block.and_then(|rest| rest.split("```").next()).expect("there is an example");
    block.replace("127.0.0.1:8080", server)
}
