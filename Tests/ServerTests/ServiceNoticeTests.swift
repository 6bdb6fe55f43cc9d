import Foundation
import Testing

@testable import Server

@Suite("what the service manager is told") struct ServiceNoticeTests {
  @Test(
    "comes as a datagram, to a socket of the file system or an abstract one", arguments: ["", "@"])
  func notices(prefix: String) throws {
    let name = "daybook-notice-\(UUID())"
    let path = prefix.isEmpty ? "/tmp/\(name)" : "@\(name)"
    let listening = try #require(Self.listen(path))
    defer {
      close(listening)
      unlink(path)
    }
    ServiceNotice.send("READY=1", to: path)
    ServiceNotice.send("STOPPING=1", to: path)
    #expect(Self.next(listening) == "READY=1")
    #expect(Self.next(listening) == "STOPPING=1")
  }

  @Test("goes nowhere where nobody listens, and that is no harm")
  func nobody() {
    for path in ["/nowhere/at/all", "@", "", String(repeating: "x", count: 300)] {
      ServiceNotice.send("READY=1", to: path)
    }
  }

  private static func listen(_ path: String) -> Int32? {
    let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(path.utf8)
    if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) == 0 }
    }
    return isBound ? socket : nil
  }

  private static func next(_ socket: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = recv(socket, &bytes, bytes.count, 0)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : ""
  }
}
