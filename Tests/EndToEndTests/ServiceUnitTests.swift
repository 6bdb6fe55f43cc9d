import Doubles
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import Testing

/// A socket as a service manager makes it, and gives it to each process that it starts.
private final class ListeningSocket {
  let file: Int32
  private(set) var port = 0

  init(_ type: __socket_type = SOCK_STREAM, listens: Bool = true) throws {
    file = socket(AF_INET, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, length) == 0 && getsockname(file, $0, &length) == 0
      }
    }
    try #require(isBound)
    if listens { try #require(listen(file, 64) == 0) }
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(file) }
}

@Suite("a server as a service manager runs it", .timeLimit(.minutes(30)))
struct ServiceUnitTests {
  private static func environment(_ count: Int, _ names: String?) -> String {
    let named = names.map { "; export LISTEN_FDNAMES=\($0)" } ?? ""
    return #"export LISTEN_PID=$$ LISTEN_FDS=\#(count)\#(named); exec "$0" "$@""#
  }

  private func serve(
    _ server: TestServer, _ sockets: [ListeningSocket], _ names: String?, _ options: [String] = []
  ) throws -> Running {
    try Running(
      ["serve", "--data", server.data] + options,
      shell: Self.environment(sockets.count, names), descriptors: sockets.map(\.file))
  }

  private func listening(_ running: Running) async throws -> [Substring] {
    while !running.text().contains("\n") {
      try #require(running.isRunning, "it ended: \(running.text("err"))")
      try await Task.sleep(for: .milliseconds(5))
    }
    return running.text().split(separator: "\n")
  }

  @Test(
    "sockets that it is passed are listened on, by their names, and options count for no others")
  func passed() async throws {
    let server = try await TestServer(partitions: 2)
    let (tcp, pages) = (try ListeningSocket(), try ListeningSocket())
    let running = try serve(server, [pages, tcp], "ws:tcp", ["--tcp", "127.0.0.1:1"])
    #expect(
      try await listening(running) == [
        "listening on 127.0.0.1:\(tcp.port)", "listening on 127.0.0.1:\(pages.port) (ws)",
      ])
    let token = try await server.token(user: "alice", device: "phone")
    for address in ["127.0.0.1:\(tcp.port)", "ws://127.0.0.1:\(pages.port)"] {
      let said = try await Program.run(
        ["chat", "--server", address, "--token", token], input: "/to alice\nhello\n")
      #expect(said.status == 0, "\(said.errors)")
    }
    running.signal(SIGTERM)
    #expect(await running.finished().status == 0)
  }

  @Test(
    "one without a name is of clients in clear, whoever connects while no server runs waits in it")
  func waiting() async throws {
    let server = try await TestServer(partitions: 2)
    let socket = try ListeningSocket()
    let first = try serve(server, [socket], nil)
    #expect(try await listening(first) == ["listening on 127.0.0.1:\(socket.port)"])
    first.signal(SIGTERM)
    #expect(await first.finished().status == 0)

    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let places = NIOLockedValueBox(RawPlaces(["listening on 127.0.0.1:\(socket.port)"]))
    let client = RawClient(
      "alice", .tcp, token: try await server.token(user: "alice", device: "phone"),
      places: places, on: group.next(), ledger: NIOLockedValueBox(DeliveryLedger())
    ) { _ in }
    #expect(await client.open())
    let second = try serve(server, [socket], "daybook.socket")
    await client.until { $0.line?.isCaughtUp ?? true }
    #expect(await client.ask { $0.line != nil })
    client.run { $0.line?.close() }
    await client.until { $0.openLines == 0 }
    second.signal(SIGTERM)
    #expect(await second.finished().status == 0)
    try await group.shutdownGracefully()
  }

  @Test("what can't be listened on is said, and nothing is touched")
  func refused() async throws {
    let server = try await TestServer(partitions: 1)
    let socket = try ListeningSocket()
    for (sockets, names, words) in [
      ([try ListeningSocket(SOCK_DGRAM, listens: false)], "tcp", "not one of TCP"),
      ([try ListeningSocket(listens: false)], "tcp", "does not listen"),
      ([socket], "metrics", "named 'metrics': FileDescriptorName= is tcp, tls, ws or wss"),
      ([socket, socket], "tcp:other", "named 'other'"),
    ] {
      let output = await (try serve(server, sockets, names)).finished()
      #expect(output.status == 64 && output.errors.contains(words), "\(output.errors)")
      #expect(output.errors.hasPrefix("daybook: invalid_argument: "), "\(output.errors)")
    }
    // No socket at all.
    let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer { close(file) }
    let none = try Running(
      ["serve", "--data", server.data], shell: Self.environment(1, "tcp"), descriptors: [file])
    let output = await none.finished()
    #expect(output.status == 64 && output.errors.contains("is none"), "\(output.errors)")
    // A line of TLS needs its files, whoever opens its socket.
    let bare = await (try serve(server, [socket], "tls")).finished()
    #expect(bare.status == 64 && bare.errors.contains("--tls-certificate"), "\(bare.errors)")
  }

  @Test("sockets that are for another process are left alone")
  func others() async throws {
    let server = try await TestServer(partitions: 1)
    let socket = try ListeningSocket()
    let running = try Running(
      ["serve", "--data", server.data, "--tcp", "127.0.0.1:0"],
      shell: #"export LISTEN_PID=1 LISTEN_FDS=1; exec "$0" "$@""#, descriptors: [socket.file])
    let lines = try await listening(running)
    #expect(lines.count == 1 && lines[0] != "listening on 127.0.0.1:\(socket.port)")
    running.signal(SIGTERM)
    #expect(await running.finished().status == 0)
  }

  @Test("the manager is told that it is ready, reads its files anew, and stops")
  func notices() async throws {
    let server = try await TestServer(partitions: 1)
    let path = "/tmp/daybook-notify-\(UUID())"
    let file = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer {
      close(file)
      unlink(path)
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    try #require(isBound)
    let running = try Running(
      ["serve", "--data", server.data, "--tcp", "127.0.0.1:0"],
      shell: #"export NOTIFY_SOCKET=\#(path); exec "$0" "$@""#)
    func next() async throws -> String {
      var bytes = [UInt8](repeating: 0, count: 256)
      while true {
        let count = recv(file, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        if count > 0 { return String(decoding: bytes[..<count], as: UTF8.self) }
        try #require(running.isRunning, "it ended: \(running.text("err"))")
        try await Task.sleep(for: .milliseconds(5))
      }
    }
    #expect(try await next() == "READY=1")
    running.signal(SIGHUP)
    let reloading = try await next().split(separator: "\n")
    #expect(reloading.count == 2 && reloading[0] == "RELOADING=1")
    let time = reloading.last?.split(separator: "=").last.flatMap { UInt64($0) } ?? 0
    #expect(reloading.last?.hasPrefix("MONOTONIC_USEC=") == true && time > 0)
    #expect(try await next() == "READY=1")
    running.signal(SIGTERM)
    #expect(try await next() == "STOPPING=1")
    #expect(await running.finished().status == 0)
  }

  @Test("after SIGHUP a handshake sees the renewed certificate, and who is connected stays so")
  func renewed() async throws {
    let server = try await RawServer.make()
    try await server.start()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let ledger = NIOLockedValueBox(DeliveryLedger())
    var clients: [RawClient] = []
    for user in ["alice", "bob"] {
      clients.append(
        RawClient(
          user, .tls, token: try await server.token(user), places: server.places,
          on: group.next(), ledger: ledger
        ) { _ in })
    }
    func certificate(_ name: String) throws -> NIOSSLCertificate {
      try NIOSSLCertificate.fromPEMFile(TLSFixtures.path(name))[0]
    }
    let (old, new) = (try certificate("server.pem"), try certificate("renewed.pem"))
    await clients[0].stayConnected()
    #expect(await clients[0].ask { $0.line?.peerCertificate == old })
    for (from, to) in [("renewed.pem", "server.pem"), ("renewed.key", "server.key")] {
      let bytes = try Data(contentsOf: server.certificates.appending(path: from))
      try bytes.write(to: server.certificates.appending(path: to))
    }
    server.server.signal(SIGHUP)
    while !server.server.errors.contains("SIGHUP: TLS: new connections get the certificate") {
      try #require(server.server.isRunning, "\(server.server.errors)")
      try await Task.sleep(for: .milliseconds(5))
    }
    await clients[1].stayConnected()
    #expect(await clients[1].ask { $0.line?.peerCertificate == new })
    let line = await clients[0].ask { $0.line.map(ObjectIdentifier.init) }
    clients[0].send([("user/bob", 0)])
    await clients[0].until { $0.unacked.isEmpty || $0.line == nil }
    #expect(await clients[0].ask { $0.line.map(ObjectIdentifier.init) } == line)
    for client in clients {
      client.run { $0.line?.close() }
      await client.until { $0.openLines == 0 }
    }
    try await group.shutdownGracefully()
    #expect(await server.server.stop()?.status == 0)
  }
}
