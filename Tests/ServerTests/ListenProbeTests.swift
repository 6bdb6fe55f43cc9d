import DaybookModel
import Foundation
import Glibc
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
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let file = file
      let isBound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(file, $0, length) == 0 && getsockname(file, $0, &length) == 0
        }
      }
      try #require(isBound)
      port = UInt16(bigEndian: address.sin_port)
      if listens { try #require(listen(file, 1) == 0) }
    }

    deinit { close(file) }
  }

  private func code(_ address: String) throws -> ErrorCode? {
    do throws(DaybookError) {
      try ListenProbe.check(try ServerAddress(parsing: address))
      return nil
    } catch {
      return error.code
    }
  }

  @Test("an address where somebody listens, or that is not this machine's, is unreachable")
  func taken() throws {
    let listener = try Listener(listens: true)
    #expect(try code("127.0.0.1:\(listener.port)") == .unreachable)
    #expect(try code("192.0.2.1:0") == .unreachable)
  }

  @Test("an address that is free passes, under a host's name and for any port too")
  func free() throws {
    #expect(try code("127.0.0.1:0") == nil)
    #expect(try code("localhost:0") == nil)
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
      var to = sockaddr_in()
      to.sin_family = sa_family_t(AF_INET)
      to.sin_port = free.bigEndian
      to.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
      let connected = withUnsafePointer(to: &to) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      #expect(connected != 0)
    }
    probing.cancel()
    await probing.value
  }
}
