package import DaybookModel
import Glibc

/// A socket that listens already, opened by whoever has started the process: connections wait in it while no server
/// runs.
package struct PassedSocket: Sendable, Equatable {
  package let descriptor: Int32
  /// As its unit names it (`FileDescriptorName=`).
  package let name: String
  package let address: ServerAddress
}

/// Sockets that a service manager passes (sd_listen_fds(3)).
package enum PassedSockets {
  /// The first of them; the others follow it.
  private static let first: Int32 = 3
  private static let countMax = 64

  /// Names of those that are passed, without taking them; of a count that is none, nothing. Empty where they are
  /// for another process.
  package static var names: [String] {
    guard let count = try? announced() else { return [] }
    return names(count)
  }

  /// Takes them, once: whatever this process starts is neither given nor told of them. Throws `invalid_argument` for
  /// what can't be listened on.
  package static func take() throws(DaybookError) -> [PassedSocket] {
    let count = try announced()
    let names = names(count)
    for variable in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(variable) }
    var sockets: [PassedSocket] = []
    for (index, name) in names.enumerated() {
      let descriptor = first + Int32(index)
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      sockets.append(
        PassedSocket(
          descriptor: descriptor, name: name, address: try address(of: descriptor, named: name)))
    }
    return sockets
  }

  private static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  private static func announced() throws(DaybookError) -> Int {
    guard let process = variable("LISTEN_PID"), process == "\(getpid())",
      let text = variable("LISTEN_FDS")
    else { return 0 }
    guard let count = Int(text), (0...countMax).contains(count) else {
      throw DaybookError(
        .invalidArgument, "LISTEN_FDS says '\(text)': it is 0 to \(countMax) sockets")
    }
    return count
  }

  private static func names(_ count: Int) -> [String] {
    let given = (variable("LISTEN_FDNAMES") ?? "").split(
      separator: ":", omittingEmptySubsequences: false)
    return (0..<count).map { $0 < given.count ? String(given[$0]) : "" }
  }

  private static func address(
    of descriptor: Int32, named name: String
  ) throws(DaybookError) -> ServerAddress {
    let what =
      "the socket '\(PrintableText.line(name, bytesMax: 64))' that was passed as file \(descriptor)"
    guard option(SO_ACCEPTCONN, of: descriptor) != nil else {
      throw DaybookError(.invalidArgument, "\(what) is none")
    }
    guard option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue) else {
      throw DaybookError(.invalidArgument, "\(what) is not one of TCP: use ListenStream=")
    }
    guard option(SO_ACCEPTCONN, of: descriptor) == 1 else {
      throw DaybookError(.invalidArgument, "\(what) does not listen: use Accept=no")
    }
    guard let address = localAddress(of: descriptor) else {
      throw DaybookError(
        .invalidArgument, "\(what) has no address of IPv4 or IPv6: use ListenStream=HOST:PORT")
    }
    return address
  }

  private static func option(_ option: Int32, of descriptor: Int32) -> Int32? {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, option, &value, &length) == 0 ? value : nil
  }

  private static func localAddress(of descriptor: Int32) -> ServerAddress? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let isKnown = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &length) == 0
      }
    }
    let family = Int32(storage.ss_family)
    guard isKnown, family == AF_INET || family == AF_INET6 else { return nil }
    var (host, port) = ([CChar](repeating: 0, count: 64), [CChar](repeating: 0, count: 8))
    let isNamed = withUnsafePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getnameinfo(
          $0, length, &host, socklen_t(host.count), &port, socklen_t(port.count),
          NI_NUMERICHOST | NI_NUMERICSERV) == 0
      }
    }
    guard isNamed, let number = Int(text(port)) else { return nil }
    return ServerAddress(host: text(host), port: number)
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
