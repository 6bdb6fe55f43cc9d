import Glibc

/// Tells the service manager that has started the process how it fares (sd_notify(3)). Nothing where none
/// asks for it.
package enum ServiceNotice {
  /// Clients are let in, or are again after a reload.
  package static func isReady() { tell("READY=1") }

  package static func isStopping() { tell("STOPPING=1") }

  package static func isReloading() {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let microseconds = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    tell("RELOADING=1\nMONOTONIC_USEC=\(microseconds)")
  }

  private static func tell(_ state: String) {
    guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }) else { return }
    send(state, to: path)
  }

  /// A datagram to a socket of the file system, or with `@` to an abstract one (unix(7)). That it is not
  /// taken is no reason to do anything else.
  static func send(_ state: String, to path: String) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(path.utf8)
    guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return }
    defer { close(socket) }
    let length = MemoryLayout<sa_family_t>.size + bytes.count
    let text = Array(state.utf8)
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        _ = sendto(
          socket, text, text.count, Int32(MSG_NOSIGNAL), address, socklen_t(length))
      }
    }
  }
}
