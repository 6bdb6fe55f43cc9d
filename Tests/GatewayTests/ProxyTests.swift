import DaybookModel
import NIOCore
import Testing

@testable import Gateway

@Suite("what a proxy says of a connection") struct ProxyTests {
  private static func header(
    _ command: UInt8, _ family: UInt8, _ body: [UInt8], length: Int? = nil
  ) -> [UInt8] {
    let count = length ?? body.count
    return ProxyHeader.signature + [command, family, UInt8(count >> 8), UInt8(count & 255)] + body
  }

  private static let v4: [UInt8] = [203, 0, 113, 7, 10, 0, 0, 1, 0x1f, 0x90, 0x1b, 0x58]
  private static let v6: [UInt8] =
    [0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [9] + Array(repeating: 1, count: 16)
    + [0x1f, 0x90, 0x1b, 0x58]

  @Test("is the client's address and port; what follows is the client's")
  func addresses() throws {
    for (family, body, address) in [
      (0x11, Self.v4, "203.0.113.7"), (0x21, Self.v6, "2001:db8::9"),
      // More than the addresses is passed over.
      (0x11, Self.v4 + [3, 0, 1, 9], "203.0.113.7"),
    ] as [(UInt8, [UInt8], String)] {
      var buffer = ByteBuffer(bytes: Self.header(0x21, family, body) + [1, 2, 3])
      let header = try #require(try ProxyHeader.read(from: &buffer))
      #expect(header.client?.ipAddress == address && header.client?.port == 8080)
      #expect(Array(buffer.readableBytesView) == [1, 2, 3])
    }
  }

  @Test("may come a byte at a time")
  func pieces() throws {
    let whole = Self.header(0x21, 0x11, Self.v4)
    for count in 0..<whole.count {
      var buffer = ByteBuffer(bytes: whole.prefix(count))
      #expect(try ProxyHeader.read(from: &buffer) == nil)
      #expect(buffer.readableBytes == count)
    }
  }

  @Test("is of the proxy itself, or of no address, and then says none")
  func local() throws {
    for header in [
      Self.header(0x20, 0, []), Self.header(0x21, 0, []), Self.header(0x21, 0x31, [1]),
    ] {
      var buffer = ByteBuffer(bytes: header)
      #expect(try ProxyHeader.read(from: &buffer) == ProxyHeader(client: nil))
    }
  }

  @Test("is refused where it is none, cut, too long, or of another version")
  func faults() {
    for (bytes, fault) in [
      (Array("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n".utf8), .noHeader),
      ([0, 0, 0, 20], .noHeader), (Self.header(0x11, 0x11, Self.v4), .unknownVersion),
      (Self.header(0x22, 0x11, Self.v4), .unknownVersion),
      (Self.header(0x21, 0x11, [1, 2, 3]), .cut), (Self.header(0x21, 0x21, Self.v4), .cut),
      (Self.header(0x21, 0x11, [], length: 2_049), .tooLong),
    ] as [([UInt8], ProxyHeader.Fault)] {
      var buffer = ByteBuffer(bytes: bytes)
      #expect(throws: fault) { try ProxyHeader.read(from: &buffer) }
    }
  }

  @Test("is asked of those alone who are trusted")
  func trusted() throws {
    let proxies = try TrustedProxies(parsing: "10.1.0.0/16, 192.0.2.7,fd00::/8")
    for (address, isTrusted) in [
      ("10.1.2.3", true), ("10.2.0.1", false), ("192.0.2.7", true), ("192.0.2.8", false),
      ("fd12::1", true), ("fe80::1", false), ("::ffff:10.1.9.9", true), ("::ffff:10.9.9.9", false),
    ] {
      let address = try SocketAddress(ipAddress: address, port: 1)
      #expect(proxies.include(address) == isTrusted, "\(address)")
    }
    #expect(!proxies.include(nil))
    for text in ["ten", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "::/129", "/8"] {
      #expect(throws: DaybookError.self) { try TrustedProxies(parsing: text) }
    }
  }
}
