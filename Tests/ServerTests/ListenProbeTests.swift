import DaybookModel
import Foundation
import NIOCore
import Testing

@testable import Server

@Suite("finding out whether an address can be listened on")
struct ListenProbeTests {
  /// A socket that is bound to a port of its own, and listens if it is told to.
  private final class Listener {
    let file: Int32
    let port: UInt16

    init(listens: Bool) throws {
      file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var on: Int32 = 1
      setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
      let file = file
      let loopback = try SocketAddress(ipAddress: "127.0.0.1", port: 0)
      try #require(loopback.withSockAddr { bind(file, $0, socklen_t($1)) } == 0)
      // Family and port, in network order, come first in it (RFC 3493, 3.3).
      var bytes = [UInt8](repeating: 0, count: 128)
      var length = socklen_t(bytes.count)
      let isTold = bytes.withUnsafeMutableBytes {
        getsockname(file, $0.bindMemory(to: sockaddr.self).baseAddress!, &length) == 0
      }
      try #require(isTold)
      port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
      if listens { try #require(listen(file, 1) == 0) }
    }

    deinit { close(file) }
  }

  /// Why it can't be listened on; nil where it can.
  private func refusal(_ address: String) throws -> String? {
    do throws(DaybookError) {
      try ListenProbe.check(try ServerAddress(parsing: address))
      return nil
    } catch {
      #expect(error.code == .unreachable && error.cause == nil)
      return error.message
    }
  }

  @Test("of an address where somebody listens, or that is nobody's or another's, that is said")
  func taken() throws {
    let listener = try Listener(listens: true)
    let taken = "127.0.0.1:\(listener.port)"
    #expect(try refusal(taken) == "can't listen on \(taken): another server is running there")
    #expect(
      try refusal("192.0.2.1:0") == "can't listen on 192.0.2.1:0: this machine has no such address")
    #expect(try refusal("nosuch.invalid:0")?.contains("no host is known by the name") == true)
  }

  @Test("an address that is free passes, under a host's name and for any port too")
  func free() throws {
    #expect(try refusal("127.0.0.1:0") == nil)
    #expect(try refusal("localhost:0") == nil)
  }

  @Test("while it is found out, nobody who connects is let in")
  func connecting() async throws {
    // Kept, so that no connection takes the port for its own end.
    let bound = try Listener(listens: false)
    defer { withExtendedLifetime(bound) {} }
    let free = bound.port
    let address = try ServerAddress(parsing: "127.0.0.1:\(free)")
    let probing = Task.detached {
      while !Task.isCancelled { try? ListenProbe.check(address) }
    }
    for _ in 0..<2_000 {
      let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(file) }
      let to = try SocketAddress(ipAddress: "127.0.0.1", port: Int(free))
      let connected = to.withSockAddr { connect(file, $0, socklen_t($1)) }
      #expect(connected != 0)
    }
    probing.cancel()
    await probing.value
  }
}
