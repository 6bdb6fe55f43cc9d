package import DaybookModel

/// HOST:PORT as users write it; an IPv6 host stands in brackets.
package struct ServerAddress: Equatable, Sendable, CustomStringConvertible {
  package var host: String
  package var port: Int

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Throws `invalid_argument`.
  package init(parsing text: String) throws(DaybookError) {
    let fault = DaybookError(.invalidArgument, "'\(text)' is no address: write HOST:PORT")
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { throw fault }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, host.contains(":") == text.hasPrefix("[") else { throw fault }
    self.host = String(host)
    self.port = port
  }
}
