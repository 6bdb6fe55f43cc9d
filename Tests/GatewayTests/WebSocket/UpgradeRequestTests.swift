import NIOHTTP1
import Testing

@testable import Gateway

@Suite("a request for a WebSocket")
struct UpgradeRequestTests {
  struct Refused: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var status: HTTPResponseStatus
    var change: @Sendable (inout Handshake) -> Void
    var said: String

    init(
      _ name: String, _ status: HTTPResponseStatus, _ said: String,
      _ change: @escaping @Sendable (inout Handshake) -> Void
    ) {
      (testDescription, self.status, self.said, self.change) = (name, status, said, change)
    }
  }

  private func judge(
    _ handshake: Handshake, _ options: WebSocketOptions = WebSocketOptions()
  ) throws(UpgradeRefusal) -> Upgrade {
    let line = handshake.line.split(separator: " ").map(String.init)
    let version: HTTPVersion = line[2] == "HTTP/1.1" ? .http1_1 : .http1_0
    let head = HTTPRequestHead(
      version: version, method: HTTPMethod(rawValue: line[0]), uri: line[1],
      headers: HTTPHeaders(handshake.headers))
    return try UpgradeRequest.judge(head, options)
  }

  static let refusals: [Refused] = [
    Refused("HTTP/1.0", .httpVersionNotSupported, "HTTP/1.1") { $0.line = "GET / HTTP/1.0" },
    Refused("another method", .methodNotAllowed, "GET") { $0.line = "POST / HTTP/1.1" },
    Refused("another path", .notFound, "WebSocket at /") { $0.line = "GET /chat HTTP/1.1" },
    Refused("a token in the query", .badRequest, "stand in logs") {
      $0.line = "GET /?token=x HTTP/1.1"
    },
    Refused("no Upgrade", .upgradeRequired, "daybook.v1.proto or daybook.v1.json") {
      $0.upgrade = nil
    },
    Refused("another Upgrade", .upgradeRequired, "WebSocket") { $0.upgrade = "h2c" },
    Refused("a Connection that keeps alive", .upgradeRequired, "WebSocket") {
      $0.connection = "keep-alive"
    },
    Refused("an older version", .upgradeRequired, "version 13") { $0.version = "8" },
    Refused("no version", .upgradeRequired, "version 13") { $0.version = nil },
    Refused("no key", .badRequest, "Sec-WebSocket-Key") { $0.key = nil },
    Refused("a short key", .badRequest, "16 bytes") { $0.key = "eA==" },
    Refused("two keys", .badRequest, "one Sec-WebSocket-Key") {
      $0.more = [("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
    },
    Refused("no host", .badRequest, "Host") { $0.host = nil },
    Refused("two hosts", .badRequest, "Host") { $0.more = [("Host", "other")] },
    Refused("a body", .badRequest, "without a body") { $0.more = [("Content-Length", "5")] },
    Refused("a body in chunks", .badRequest, "without a body") {
      $0.more = [("Transfer-Encoding", "chunked")]
    },
    Refused("no subprotocol", .badRequest, "daybook.v1.proto or daybook.v1.json") {
      $0.protocols = []
    },
    Refused("a strange subprotocol", .badRequest, "daybook.v1.proto or daybook.v1.json") {
      $0.protocols = ["mqtt", "daybook.v2.json"]
    },
    Refused("a token alone", .badRequest, "name a subprotocol") {
      $0.protocols = ["daybook.token.x"]
    },
    Refused("a page of another site", .forbidden, "--ws-origin") {
      $0.more = [("Origin", "https://elsewhere.org")]
    },
    Refused("a page of another port", .forbidden, "--ws-origin") {
      $0.more = [("Origin", "http://chat.example.org:8080")]
    },
    Refused("a page of a file", .forbidden, "--ws-origin") { $0.more = [("Origin", "null")] },
    Refused("two origins", .forbidden, "--ws-origin") {
      $0.more = Array(repeating: ("Origin", "https://chat.example.org"), count: 2)
    },
  ]

  @Test("what is none is answered with why, and what to do", arguments: refusals)
  func refused(_ item: Refused) {
    let refusal = #expect(throws: UpgradeRefusal.self) { try judge(Handshake.with(item.change)) }
    #expect(refusal?.status == item.status)
    #expect(refusal?.text.contains(item.said) == true, "\(refusal?.text ?? "")")
  }

  @Test("the first subprotocol that the server knows is taken, and a token may stand beside it")
  func agreed() throws {
    #expect(try judge(Handshake()) == Upgrade(subprotocol: .json, token: ""))
    let offered = ["mqtt", "daybook.v1.proto", "daybook.token.a.b.c", "daybook.v1.json"]
    let upgrade = try judge(.with { $0.protocols = offered })
    #expect(upgrade == Upgrade(subprotocol: .proto, token: "a.b.c"))
  }

  @Test(
    "pages of the host that is asked may connect, whoever is no page, and of others those allowed",
    arguments: [
      (nil, "https://chat.example.org", true), (nil, "http://CHAT.example.org", true),
      (nil, "ftp://chat.example.org", false),
      (["https://a.org"], "https://a.org", true), (["https://A.org"], "https://a.ORG", true),
      (["https://a.org"], "https://chat.example.org", false),
      (["https://a.org"], "http://a.org", false), (["null"], "null", true),
    ] as [([String]?, String, Bool)])
  func origins(_ allowed: [String]?, _ origin: String, _ isLetIn: Bool) {
    let options = WebSocketOptions(origins: allowed)
    let upgrade = try? judge(.with { $0.more = [("Origin", origin)] }, options)
    #expect((upgrade != nil) == isLetIn)
    #expect((try? judge(Handshake(), options)) != nil)
  }
}
