package import DaybookModel
import Foundation
import NIOCore

/// Finds out whether an address can be listened on before anything else is done: a server that
/// can't be reached should not begin an epoch.
package enum ListenProbe {
  /// Binds and does not listen: whoever connects meanwhile hears that nobody is there yet, and is
  /// not cut off by a server that has not started. Throws `unreachable`.
  package static func check(_ address: ServerAddress) throws(DaybookError) {
    let resolved: SocketAddress
    do {
      resolved = try SocketAddress.makeAddressResolvingHost(address.host, port: address.port)
    } catch {
      throw DaybookError(
        .unreachable,
        "can't listen on \(address): no host is known by the name '\(address.host)'")
    }
    let number = resolved.withSockAddr { bind($0, $1, resolved.protocol) }
    guard number == 0 else {
      throw DaybookError(.unreachable, "can't listen on \(address): \(reason(number))")
    }
  }

  /// What keeps from it, for who chose the address.
  private static func reason(_ number: Int32) -> String {
    switch number {
    case EADDRINUSE: "another server is running there"
    case EADDRNOTAVAIL: "this machine has no such address"
    case EACCES: "its port is not for everybody, choose one from 1024 on"
    default: String(cString: strerror(number))
    }
  }

  /// 0, or the system call's error.
  private static func bind(
    _ address: UnsafePointer<sockaddr>, _ bytes: Int, _ family: NIOBSDSocket.ProtocolFamily
  ) -> Int32 {
    let file = socket(
      family.rawValue,
      Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard file >= 0 else { return errno }
    defer { close(file) }
    // As the listener will: connections that ended a moment ago are in nobody's way.
    var on: Int32 = 1
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    return Foundation.bind(file, address, socklen_t(bytes)) == 0 ? 0 : errno
  }
}
