import DaybookModel
import DaybookSchema
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import SwiftProtobuf
import Testing
import WireProtocol

@testable import DaybookSDK

@Suite("Calls and lives of a client")
struct CallTests {
  /// Types of frames, as a server gets them.
  private struct Heard: Sendable {
    let frames: AsyncStream<FrameType>
    let heard: AsyncStream<FrameType>.Continuation

    init() { (frames, heard) = AsyncStream.makeStream() }

    func wait(for type: FrameType) async {
      for await one in frames where one == type { return }
    }
  }

  private func configuration(_ server: ScriptedServer) -> ClientConfiguration {
    ClientConfiguration.patient(server)
  }

  private func silent(_ heard: Heard) async throws -> ScriptedServer {
    try await ScriptedServer { frame, _ in heard.heard.yield(frame.type) }
  }

  @Test("a cancelled task waits no more, and its question is not asked again")
  func cancelled() async throws {
    let heard = Heard()
    let server = try await silent(heard)
    let client = try DaybookClient(configuration(server))
    try await client.connect()
    let asking = Task { try await client.unread() }
    await heard.wait(for: .unread)
    asking.cancel()
    let error = await #expect(throws: ClientError.self) { try await asking.value }
    #expect(error?.code == .cancelled)
    let engine = client.engine
    #expect(
      try await engine.loop.submit { engine.queries.count + engine.core.queries.count }.get() == 0)
    await client.close()
    try await server.close()
  }

  @Test("a deadline ends the waiting, the earlier of two, and that of the configuration")
  func deadlines() async throws {
    let server = try await silent(Heard())
    var configuration = configuration(server)
    let patient = try DaybookClient(configuration)
    configuration.requestDeadline = .zero
    let impatient = try DaybookClient(configuration)
    for client in [patient, impatient] { try await client.connect() }
    let hour = Duration.seconds(3600)
    let calls: [@Sendable () async throws -> Void] = [
      { try await patient.withDeadline(.zero) { _ = try await patient.members(of: "team") } },
      {
        try await patient.withDeadline(.zero) {
          try await patient.withDeadline(hour) { _ = try await patient.unread() }
        }
      },
      {
        try await patient.withDeadline(hour) {
          try await patient.withDeadline(.zero) { try await patient.createGroup("team") }
        }
      },
      {
        let sent = try patient.send(text: "hi", to: .user("bob"))
        _ = try await patient.withDeadline(.zero) { try await sent.stored() }
      },
      { _ = try await impatient.devices() },
    ]
    for call in calls {
      let error = await #expect(throws: ClientError.self) { try await call() }
      #expect(error?.code == .deadlineExceeded)
    }
    for client in [patient, impatient] { await client.close() }
    try await server.close()
  }

  /// Answers a send when typing is told, and not before.
  private func slowServer(_ heard: Heard) async throws -> ScriptedServer {
    let sequence = NIOLockedValueBox<UInt32>(0)
    return try await ScriptedServer { frame, out in
      heard.heard.yield(frame.type)
      if frame.type == .send { sequence.withLockedValue { $0 = frame.sequence } }
      guard frame.type == .typing else { return }
      out.writeFrame(.send.reply, sequence: sequence.withLockedValue { $0 }) {
        CommandReply(
          messageID: MessageID(5), seq: .none, recordedAt: Timestamp(milliseconds: 1),
          repeated: false, changed: true
        ).write(to: &$0)
      }
    }
  }

  @Test("a message goes on its way though nobody waits for it any more")
  func sentAllTheSame() async throws {
    let heard = Heard()
    let server = try await slowServer(heard)
    let client = try DaybookClient(configuration(server))
    try await client.connect()
    let sent = try client.send(text: "hi", to: .user("bob"))
    let waiting = Task { try await sent.stored() }
    await heard.wait(for: .send)
    waiting.cancel()
    await #expect(throws: ClientError.self) { try await waiting.value }
    try client.typing(in: .user("bob"))
    #expect(try await sent.stored().messageID == 5)
    await client.close()
    try await server.close()
  }

  @Test("running ends with the session; cancelled, after the answers to what was sent")
  func running() async throws {
    let heard = Heard()
    let server = try await slowServer(heard)
    var configuration = configuration(server)
    configuration.shutdownDeadline = .seconds(3600)
    let client = try DaybookClient(configuration)
    let running = Task { try await client.run() }
    await heard.wait(for: .connect)
    let sent = try client.send(text: "hi", to: .user("bob"))
    await heard.wait(for: .send)
    running.cancel()
    try client.typing(in: .user("bob"))
    try await running.value
    #expect(try await sent.stored().messageID == 5)
    #expect(client.endedBy == nil)

    let other = try DaybookClient(configuration)
    let alsoRunning = Task { try await other.run() }
    // Closed before it is connected, running says that it never was.
    await heard.wait(for: .connect)
    let engine = other.engine
    while try await engine.loop.submit({ engine.core.info == nil }).get() {
      try await Task.sleep(for: .milliseconds(1))
    }
    await other.close()
    try await alsoRunning.value
    try await server.close()
    // The server's own may be another program's by now, which says nothing.
    configuration.port = 1
    let unreachable = try DaybookClient(configuration)
    let error = await #expect(throws: ClientError.self) { try await unreachable.run() }
    #expect(error?.code == .unreachable)
  }

  @Test("a client that is dropped says goodbye and ends; one that is iterated lives")
  func dropped() async throws {
    let heard = Heard()
    let server = try await silent(heard)
    weak var engine: ClientEngine?
    do {
      var client: DaybookClient? = try DaybookClient(configuration(server))
      try await client?.connect()
      engine = client?.engine
      var events = client?.events.makeAsyncIterator()
      client = nil
      #expect(await events?.next()?.isConnected == true)
      #expect(engine?.shared.withLockedValue(\.isOver) == false)
      events = nil
    }
    await heard.wait(for: .disconnect)
    while engine != nil { await Task.yield() }
    try await server.close()
  }

  @Test("a client that is dropped before it has found its server ends too")
  func droppedEarly() async throws {
    let server = try await silent(Heard())
    var configuration = configuration(server)
    try await server.close()
    configuration.connectPatience = .seconds(3600)
    configuration.reconnectFirst = .seconds(3600)
    configuration.reconnectMax = .seconds(3600)
    weak var engine: ClientEngine?
    do {
      let client = try DaybookClient(configuration)
      engine = client.engine
      let connecting = Task { try await client.connect() }
      connecting.cancel()
      let error = await #expect(throws: ClientError.self) { try await connecting.value }
      #expect(error?.code == .cancelled)
    }
    while engine != nil { await Task.yield() }
  }

  @Test("an application's loops and logger are used")
  func own() async throws {
    let lines = NIOLockedValueBox<[String]>([])
    let server = try await silent(Heard())
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    var configuration = configuration(server)
    configuration.eventLoopGroup = group
    configuration.logger = Logger(label: "test") { _ in RecordingHandler(lines: lines) }
    let client = try DaybookClient(configuration)
    #expect(client.engine.loop === group.any())
    try await client.connect()
    await client.close()
    #expect(lines.withLockedValue { $0 } == ["connected"])
    try await server.close()
    try await group.shutdownGracefully()
  }

  @Test("every error that a client can meet has its constant")
  func codes() {
    // Those of Kafka, 700 and more, are told to operators alone.
    let listed = ErrorCode.all.filter { $0.number < 700 }
    #expect(ClientError.Code.all.map(\.number) == listed.map(\.number))
    #expect(ClientError.Code.all.map(\.name) == listed.map(\.name))
    #expect(ClientError.Code.all.map(\.isTemporary) == listed.map(\.isTemporary))
    let error = ClientError(DaybookError(.blocked, "told"))
    #expect(error.code == .blocked && error.description == "blocked: told")
    // A newer server's.
    #expect(ClientError.Code(number: 411, name: "renamed", isTemporary: true) == .blocked)
  }

  private struct RecordingHandler: LogHandler {
    let lines: NIOLockedValueBox<[String]>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.withLockedValue { $0.append("\(event.message)") } }
  }
}

@Suite("Moments and durations")
struct MomentTests {
  @Test("a moment is read and written as milliseconds, seconds and text")
  func moments() {
    let moment = Moment(millisecondsSince1970: 1_800_000_000_250)
    #expect(moment.secondsSince1970 == 1_800_000_000.25)
    #expect(Moment(secondsSince1970: 1_800_000_000.25) == moment)
    #expect(Moment(secondsSince1970: -1) == Moment(millisecondsSince1970: 0))
    #expect(Moment(secondsSince1970: .nan) == Moment(millisecondsSince1970: 0))
    #expect(moment.description == "2027-01-15T08:00:00.250Z")
    let later = moment + .seconds(2)
    #expect(later > moment && later - moment == .seconds(2) && moment - later == .seconds(-2))
  }

  @Test("any duration has its milliseconds")
  func durations() {
    let durations: [Duration] = [
      .milliseconds(1_500), .microseconds(1_999), .seconds(-1), .seconds(Int64.max),
    ]
    #expect(durations.map(\.wholeMilliseconds) == [1_500, 1, 0, .max])
  }
}
