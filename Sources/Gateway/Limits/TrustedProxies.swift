package import DaybookModel
package import NIOCore

/// Addresses whose connections begin with a PROXY header, and are somebody else's.
package struct TrustedProxies: Sendable, Equatable {
  /// A network in CIDR notation (RFC 4632, 4291).
  private struct Network: Equatable {
    let bytes: [UInt8]
    let bits: Int
  }

  private let networks: [Network]

  /// `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`, with commas between. Throws `invalid_argument`.
  package init(parsing text: String) throws(DaybookError) {
    var networks: [Network] = []
    for part in text.split(separator: ",") {
      let halves = part.filter { $0 != " " }.split(separator: "/", omittingEmptySubsequences: false)
      guard let bytes = halves.first.flatMap({ TrustedProxies.bytes(String($0)) }),
        halves.count <= 2,
        let bits = halves.count == 1 ? bytes.count * 8 : Int(halves[1]),
        (0...bytes.count * 8).contains(bits)
      else {
        throw DaybookError(
          .invalidArgument,
          "'\(part)' is no address or network: write 10.0.0.7, 10.0.0.0/8 or fd00::/8")
      }
      networks.append(Network(bytes: bytes, bits: bits))
    }
    self.networks = networks
  }

  package func include(_ address: SocketAddress?) -> Bool {
    guard let host = address?.ipAddress, var bytes = TrustedProxies.bytes(host) else {
      return false
    }
    // An IPv4 client of a socket for both (RFC 4291, 2.5.5.2).
    let mapped: [UInt8] = Array(repeating: 0, count: 10) + [255, 255]
    if bytes.count == 16, bytes.starts(with: mapped) { bytes.removeFirst(12) }
    return networks.contains { network in
      guard network.bytes.count == bytes.count else { return false }
      return (0..<network.bits).allSatisfy { bit in
        (bytes[bit / 8] ^ network.bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
      }
    }
  }

  private static func bytes(_ host: String) -> [UInt8]? {
    // Behind family and port, and of IPv6 a flow label (RFC 3493, 3.3).
    switch try? SocketAddress(ipAddress: host, port: 0) {
    case .v4(let address)?: withUnsafeBytes(of: address.address) { Array($0[4..<8]) }
    case .v6(let address)?: withUnsafeBytes(of: address.address) { Array($0[8..<24]) }
    case .unixDomainSocket?, nil: nil
    }
  }
}
