import DaybookModel
import NIOHTTP1
import WireProtocol

/// What a request for a WebSocket was agreed on.
struct Upgrade: Equatable {
  var subprotocol: Subprotocol
  /// Empty where the request has none.
  var token: String
}

/// Why a request does not become a WebSocket, as HTTP says it.
struct UpgradeRefusal: Error, Equatable {
  var status: HTTPResponseStatus
  /// What to do instead.
  var text: String
  var headers: [String: String] = [:]

  init(_ status: HTTPResponseStatus, _ text: String, _ headers: [String: String] = [:]) {
    self.status = status
    self.text = text
    self.headers = headers
  }
}

/// Whether a request may become a WebSocket: RFC 6455, 4.2.1, and what is Daybook's own.
enum UpgradeRequest {
  static let path = "/"
  static let version = "13"
  static let tokenPrefix = "daybook.token."

  static func judge(
    _ head: HTTPRequestHead, _ options: WebSocketOptions
  ) throws(UpgradeRefusal) -> Upgrade {
    guard head.version == .http1_1 else {
      throw UpgradeRefusal(.httpVersionNotSupported, "ask with HTTP/1.1")
    }
    guard head.method == .GET else {
      throw UpgradeRefusal(.methodNotAllowed, "ask with GET", ["Allow": "GET"])
    }
    try checkTarget(head.uri)
    try checkHandshake(head.headers)
    try checkOrigin(head.headers, options)
    return try agree(offered(head.headers))
  }

  private static func checkTarget(_ target: String) throws(UpgradeRefusal) {
    guard !target.contains("?") else {
      throw UpgradeRefusal(
        .badRequest,
        "the address takes no query: a token in it would stand in logs and histories; send it in Connect, or as "
          + "the subprotocol \(tokenPrefix)TOKEN")
    }
    guard target == path else {
      throw UpgradeRefusal(.notFound, "there is nothing here but a WebSocket at \(path)")
    }
  }

  private static func checkHandshake(_ headers: HTTPHeaders) throws(UpgradeRefusal) {
    guard has("websocket", in: headers[canonicalForm: "Upgrade"]),
      has("upgrade", in: headers[canonicalForm: "Connection"])
    else {
      throw UpgradeRefusal(
        .upgradeRequired, "here a WebSocket is spoken, with \(names)",
        ["Upgrade": "websocket"])
    }
    guard headers["Sec-WebSocket-Version"] == [version] else {
      throw UpgradeRefusal(
        .upgradeRequired, "ask for version \(version) of WebSocket",
        ["Upgrade": "websocket", "Sec-WebSocket-Version": version])
    }
    guard headers["Sec-WebSocket-Key"].count == 1, headers["Sec-WebSocket-Key"][0].utf8.count == 24
    else { throw UpgradeRefusal(.badRequest, "state one Sec-WebSocket-Key, of 16 bytes") }
    guard headers["Host"].count == 1 else { throw UpgradeRefusal(.badRequest, "state one Host") }
    guard headers["Content-Length"].isEmpty, headers["Transfer-Encoding"].isEmpty else {
      throw UpgradeRefusal(.badRequest, "ask without a body")
    }
  }

  private static func has(_ word: String, in list: [Substring]) -> Bool {
    list.contains { $0.lowercased() == word }
  }

  /// A page of another site may open a WebSocket wherever it likes, and the browser says whose it is (10.2). Whoever
  /// is no browser need not say so: what lets a client in is its token.
  private static func checkOrigin(
    _ headers: HTTPHeaders, _ options: WebSocketOptions
  ) throws(UpgradeRefusal) {
    let origins = headers["Origin"].map { $0.lowercased() }
    guard !origins.isEmpty else { return }
    let host = headers["Host"][0].lowercased()
    let allowed = options.origins ?? ["http://\(host)", "https://\(host)"]
    guard origins.count == 1, allowed.contains(origins[0]) else {
      throw UpgradeRefusal(
        .forbidden,
        "pages of this origin may not connect: whoever runs the server allows them with --ws-origin"
      )
    }
  }

  private static func offered(_ headers: HTTPHeaders) -> [Substring] {
    headers[canonicalForm: "Sec-WebSocket-Protocol"]
  }

  /// Of those that are known the one that the client names first.
  private static func agree(_ offered: [Substring]) throws(UpgradeRefusal) -> Upgrade {
    guard let subprotocol = offered.lazy.compactMap({ Subprotocol(rawValue: String($0)) }).first
    else {
      throw UpgradeRefusal(.badRequest, "name a subprotocol in Sec-WebSocket-Protocol: \(names)")
    }
    let token = offered.first { $0.hasPrefix(tokenPrefix) }?.dropFirst(tokenPrefix.count)
    return Upgrade(subprotocol: subprotocol, token: token.map(String.init) ?? "")
  }

  private static let names = Subprotocol.allCases.map(\.rawValue).joined(separator: " or ")
}
