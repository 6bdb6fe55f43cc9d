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
    let fault = DaybookError(
      .invalidArgument,
      "'\(text)' is no address: write HOST:PORT, an IPv6 host in brackets, nothing before or behind"
    )
    guard let colon = text.lastIndex(of: ":") else { throw fault }
    let digits = text[text.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      throw fault
    }
    var host = text[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if isBracketed { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, host.contains(":") == isBracketed,
      !host.unicodeScalars.contains(where: {
        $0.properties.isWhitespace || "/[]@".contains(Character($0))
      })
    else { throw fault }
    guard let port = Int(digits), (0...65_535).contains(port) else {
      throw DaybookError(
        .invalidArgument, "'\(text)' is no address: a port is 0 to 65535, not \(digits)")
    }
    self.host = String(host)
    self.port = port
  }
}
