package import DaybookModel
import Foundation
import NIOCore

/// Finds out whether an address can be listened on before anything else is done: a server that
/// can't be reached should not begin an epoch.
package enum ListenProbe {
  /// Binds and does not listen: whoever connects meanwhile hears that nobody is there yet, and is
  /// not cut off by a server that has not started. Throws `unreachable`.
  package static func check(_ address: ServerAddress) throws(DaybookError) {
    do {
      let resolved = try SocketAddress.makeAddressResolvingHost(address.host, port: address.port)
      try resolved.withSockAddr { try bind($0, $1, resolved.protocol) }
    } catch {
      throw DaybookError(
        .unreachable,
        "can't listen on \(address): is another server running there, or is it no address of this "
          + "machine?", cause: error)
    }
  }

  private static func bind(
    _ address: UnsafePointer<sockaddr>, _ bytes: Int, _ family: NIOBSDSocket.ProtocolFamily
  ) throws {
    let file = socket(
      family.rawValue,
      Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard file >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
    defer { close(file) }
    // As the listener will: connections that ended a moment ago are in nobody's way.
    var on: Int32 = 1
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    guard Foundation.bind(file, address, socklen_t(bytes)) == 0 else {
      throw IOError(errnoCode: errno, reason: "bind")
    }
  }
}
