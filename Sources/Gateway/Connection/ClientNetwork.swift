import NIOCore

/// Whom a connection counts for while nobody knows who it is. One machine has as many IPv6 addresses
/// as it likes: what an operator hands out is a /64 (RFC 6177), which is what counts.
enum ClientNetwork {
  static func name(of address: SocketAddress?) -> String {
    guard case .v6(let address)? = address else { return address?.ipAddress ?? "" }
    return withUnsafeBytes(of: address.address) { socketAddress in
      // Behind family, port and flow label (RFC 3493, 3.3).
      let bytes = UnsafeRawBufferPointer(rebasing: socketAddress[8..<24])
      // An IPv4 client of a socket for both (RFC 4291, 2.5.5.2).
      if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff {
        return bytes.dropFirst(12).map { "\($0)" }.joined(separator: ".")
      }
      let groups = stride(from: 0, to: 8, by: 2).map { at in
        String(UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1]), radix: 16)
      }
      return groups.joined(separator: ":") + "::/64"
    }
  }

  /// As an operator reads it; nil of what has no address.
  static func text(of address: SocketAddress) -> String? {
    guard let host = address.ipAddress else { return nil }
    let port = address.port.map { ":\($0)" } ?? ""
    return host.contains(":") ? "[\(host)]\(port)" : host + port
  }
}
