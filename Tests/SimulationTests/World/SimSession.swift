import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import WireProtocol

@testable import Gateway

/// Runs a `SessionMachine` as `SessionHandler` does, with the simulation in place of a channel.
///
/// `@unchecked Sendable`: a simulated run is one thread.
final class SimSession: @unchecked Sendable {
  let home: SimGateway
  let connection: SimConnection
  private(set) var machine: SessionMachine
  private var output = SessionOutput()
  private var decoder = FrameDecoder()
  private var outgoing = FrameDecoder()
  private(set) var isOver = false
  private var registered: (UserID, DeviceID)?

  init(_ id: String, _ home: SimGateway, _ connection: SimConnection) {
    self.home = home
    self.connection = connection
    machine = SessionMachine(
      id: id, logID: home.server.run.log.logID, options: home.server.options,
      clock: home.server.run.clock)
  }

  // MARK: inputs

  func input(_ body: (inout SessionMachine, inout SessionOutput) -> Void) {
    body(&machine, &output)
    settle()
  }

  func onLoop(_ body: @escaping (inout SessionMachine, inout SessionOutput) -> Void) {
    let body = UncheckedBox(body)
    home.loop.execute { self.input(body.value) }
  }

  func receive(_ item: SimConnection.Item) {
    switch item {
    case .frame(let bytes):
      guard !machine.isClosed else { return }
      decoder.append(bytes)
      machine.peerIsAlive()
      takeFrames()
      settle()
    case .end:
      input { $0.disconnected(&$1) }
      leave()
    }
  }

  private func takeFrames() {
    while machine.takesFrames, !isFull {
      do throws(FrameFault) {
        guard let frame = try decoder.next() else { break }
        machine.received(frame, &output)
      } catch {
        machine.faulted(error, &output)
      }
    }
  }

  private func settle() {
    repeat {
      repeat {
        while !output.actions.isEmpty {
          var actions: [SessionAction] = []
          swap(&actions, &output.actions)
          for action in actions { run(action) }
        }
        if machine.takesFrames, decoder.pendingBytes > 0 { takeFrames() }
      } while !output.actions.isEmpty
      flush()
      machine.flushed(isFull: isFull, &output)
    } while !output.actions.isEmpty || !output.isEmpty
  }

  /// So much is on its way to the client that no more is pushed.
  private var isFull: Bool {
    connection.isOpenToClient && connection.toClient.count >= home.server.run.sizes.outboundFrames
  }

  /// The client has taken a frame.
  func drained() { settle() }

  private func flush() {
    guard !output.isEmpty else { return }
    for chunk in output.takeBytes() { outgoing.append(chunk) }
    while let frame = try? outgoing.next() {
      var bytes = ByteBuffer()
      bytes.writeFrame(frame.type, sequence: frame.sequence, body: frame.body)
      home.server.run.watch.sent(frame, to: connection.device)
      connection.sendToClient(.frame(bytes))
    }
  }

  /// Pushes an event that the machine knows nothing of.
  func show(_ event: ByteBuffer) {
    output.push(event: event)
    flush()
  }

  /// The connection is over for this side.
  private func leave() {
    guard !isOver else { return }
    isOver = true
    connection.session = nil
    home.forget(self)
    if let (user, device) = registered { home.server.unregister(user, device, self) }
    registered = nil
  }

  // MARK: actions

  private func run(_ action: SessionAction) {
    switch action {
    case .submit(let command, let purpose): home.submit(command, purpose, from: self)
    case .checkToken(let token): onLoop { $0.tokenChecked(.success(SimToken.read(token)), &$1) }
    case .scheduleExpiry: break
    case .query(let query, let sequence): ask(query, sequence)
    case .resolve(let name, let reading): resolve(name, reading)
    case .readPage(let stream, let from, let through, let bytesMax):
      readPage(stream, from, through, bytesMax)
    case .subscribe(let stream): home.subscribe(self, to: stream)
    case .unsubscribe(let stream): home.unsubscribe(self, from: stream)
    case .register(let user, let device):
      guard !isOver else { return }
      registered = (user, device)
      home.server.register(user, device, self)?.onLoop {
        $0.closing(DaybookError(.sessionReplaced, "connected again elsewhere"), &$1)
      }
    // Nobody watches here.
    case .proposeWatch: break
    case .unwatch: break
    case .online(let check, let sequence): answer(check, sequence)
    case .typing: break
    case .pushTransient(let event, let isWithheld):
      home.server.push(event, from: self, isWithheld: isWithheld)
    case .scheduleAcks: home.scheduleAcks(of: self)
    case .close:
      flush()
      connection.sendToClient(.end)
      leave()
    }
  }

  private func ask(_ query: Query, _ sequence: UInt32) {
    let server = home.server
    server.run.work.run { [self] in
      let runner = QueryRunner(queries: server.run.queries, audience: server)
      let result = server.run.waiting { try await runner.run(query) }
      onLoop { $0.queryAnswered(query.replyType, sequence: sequence, result, &$1) }
    }
  }

  private func resolve(_ name: MessageName, _ reading: MessageReading?) {
    let run = home.server.run
    run.work.run { [self] in
      let resolver = MessageResolver(queries: run.queries)
      let result = run.waiting { try await resolver.find(name, reading: reading) }
      onLoop { $0.resolved(result, &$1) }
    }
  }

  private func readPage(_ stream: StreamKey, _ from: Seq, _ through: Seq, _ bytesMax: Int) {
    let run = home.server.run
    run.work.run { [self] in
      let result = run.waiting {
        try await run.queries.events(
          of: stream, from: from, through: through, limit: run.sizes.pageEvents,
          bytesMax: min(bytesMax, Limits.pageBytesMax))
      }
      onLoop { $0.pageRead(stream, result, &$1) }
    }
  }

  private func answer(_ check: OnlineCheck, _ sequence: UInt32) {
    let known = check.users.map { user in
      let devices = check.allowed.contains(user) ? home.server.onlineDevices(of: user) : []
      return UserPresence(user: user, devices: devices.sorted())
    }
    onLoop { $0.onlineKnown(.success(known), sequence: sequence, &$1) }
  }
}

/// Carries what isn't Sendable to where it is: the one thread of a run.
struct UncheckedBox<Value>: @unchecked Sendable {
  let value: Value

  init(_ value: Value) { self.value = value }
}

/// A token that says whose it is.
enum SimToken {
  static func make(_ user: UserID, _ device: DeviceID) -> String { "\(user) \(device)" }

  static func read(_ token: String) -> CheckedToken {
    let parts = token.split(separator: " ").map(String.init)
    return CheckedToken(
      .device(UserID(checked: parts[0]), DeviceID(checked: parts[1])),
      expiresAt: Timestamp(milliseconds: 4_000_000_000_000))
  }
}

extension Query {
  fileprivate var replyType: FrameType {
    switch self {
    case .fetch: .fetch.reply
    case .history: .history.reply
    case .unread: .unread.reply
    case .members: .members.reply
    case .receipts: .receipts.reply
    case .devices: .devices.reply
    case .group: .group.reply
    case .conversations: .conversations.reply
    case .blocked: .blocked.reply
    }
  }
}
