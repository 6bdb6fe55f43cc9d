import Glibc

/// A broker of Kafka for tests: the one that DAYBOOK_KAFKA names, or else `noida-db`, which speaks the
/// protocol with transactions and keeps all in memory: SIGTERM saves it, a kill does not.
package final class KafkaBroker: @unchecked Sendable {
  package struct Unavailable: Error { package let reason: String }

  /// HOST:PORT, perhaps several.
  package let address: String
  /// Nil for a cluster that was given.
  private let place: (program: String, folder: String, port: UInt16)?
  private var process: ChildProcess?
  /// Ends the broker when the tests have ended without.
  private var watch: ChildProcess?

  /// Brokers that tests may use, but not stop.
  package static let given = variable("DAYBOOK_KAFKA")
  /// Whether there can be a broker at all. `ops/test` sees to it.
  package static let isAvailable = given != nil || program != nil
  /// Whether there can be one that a test may stop.
  package static let isStoppable = given == nil && program != nil

  private static let sharedBroker = Result { try KafkaBroker(isShared: true) }

  /// One for all tests, whose topics have names of their own.
  package static func shared() throws -> KafkaBroker { try sharedBroker.get() }

  private static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  /// `noida-db` itself, not the script in front of it: DAYBOOK_NOIDA says where it is.
  private static let program = variable("DAYBOOK_NOIDA").flatMap {
    access($0, X_OK) == 0 ? $0 : nil
  }

  package convenience init() throws { try self.init(isShared: false) }

  private init(isShared: Bool) throws {
    if isShared, let given = KafkaBroker.given {
      (address, place) = (given, nil)
      return
    }
    guard let program = KafkaBroker.program else {
      throw Unavailable(reason: "DAYBOOK_NOIDA names no program: ops/test installs it")
    }
    var name = Array("/tmp/daybook-kafka-XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else { throw Unavailable(reason: "no folder can be made") }
    let folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let port = try KafkaBroker.freePort()
    address = "127.0.0.1:\(port)"
    place = (program, folder, port)
    try start()
  }

  deinit {
    process?.signal(SIGTERM)
    if let folder = place?.folder {
      _ = try? ChildProcess("/bin/rm", ["-rf", folder]).finished()
    }
  }

  /// With all that it had when it was stopped.
  package func start() throws {
    guard let place, process == nil else { return }
    let process = try ChildProcess(
      place.program,
      [
        "start", "--data-dir", place.folder, "--only", "kafka", "--kafka-port", "\(place.port)",
      ], output: "\(place.folder)/out", errors: "\(place.folder)/err")
    self.process = process
    watch = try ChildProcess(
      "/bin/sh",
      [
        "-c", "while kill -0 $0 && kill -0 $1; do sleep 1; done; kill -TERM $1", "\(getpid())",
        "\(process.identifier)",
      ])
    while !KafkaBroker.answers(place.port) {
      guard process.isRunning else {
        throw Unavailable(reason: "noida-db ended, see \(place.folder)")
      }
      usleep(10_000)
    }
  }

  /// In order, so that nothing is lost.
  package func stop() {
    process?.signal(SIGTERM)
    _ = process?.finished()
    process = nil
  }

  /// Stands still, as one does whose machine is too busy, until `thaw`.
  package func freeze() { process?.signal(SIGSTOP) }
  package func thaw() { process?.signal(SIGCONT) }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return address
  }

  private static func onSocket<R>(
    _ port: UInt16, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> R
  ) -> R {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(socket) }
    var address = loopback(port)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  private static func answers(_ port: UInt16) -> Bool {
    onSocket(port) { connect($0, $1, $2) == 0 }
  }

  /// One that nobody listens at.
  package static func freePort() throws -> UInt16 {
    let port = onSocket(0) { socket, address, count -> UInt16? in
      var bound = sockaddr_in()
      var size = count
      guard bind(socket, address, count) == 0 else { return nil }
      let isNamed = withUnsafeMutablePointer(to: &bound) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
      }
      return isNamed == 0 ? UInt16(bigEndian: bound.sin_port) : nil
    }
    guard let port else { throw Unavailable(reason: "no port is free") }
    return port
  }
}
