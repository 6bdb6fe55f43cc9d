import DaybookModel
import DaybookSchema
import NIOCore
import WireProtocol

@testable import DaybookSDK

/// One of a user's devices: a real `SessionCore` with the simulation as its engine, and an
/// application above it that keeps what it is told. The application's store outlives its process;
/// only a device that was forgotten begins anew.
final class SimDevice {
  let user: UserID
  let device: DeviceID
  unowned let run: SimRun
  private(set) var core: SessionCore
  private(set) var store = DeviceStore()
  private(set) var connection: SimConnection?
  /// Retries were asked for.
  private(set) var retryIsDue = false
  private var process = 0
  /// Of the token that it has.
  private(set) var token: TokenStamp
  private var tokenNumber = 0
  /// Since what it has kept began.
  private(set) var wasRestarted = false
  private var lastNumber: UInt64 = 0
  /// In some runs a device's messages are taken in turn in each conversation.
  private var gapless = GaplessNumbers(origin: Origin("g".utf8)!)
  /// On its way as one that an earlier frame is stuck before: it goes out behind the next.
  private var lateFrame: (request: SessionRequest, sequence: UInt32)?
  private var lastToken: UInt64 = 0
  private var decoder = FrameDecoder()
  private var inbox = CircularBuffer<(event: ClientEvent?, point: AckPoint?)>()
  private var taken: [StreamKey: Seq] = [:]
  /// What each token was for.
  private var commands: [UInt64: Int] = [:]
  private var queries: [UInt64: DeviceQuery] = [:]
  /// On the wire, fetches of the application stand between the frames of the core, which has no
  /// place for them: so all are numbered anew there.
  private var lastSequence: UInt32 = 0
  private var coreSequences: [UInt32: UInt32] = [:]
  private var fetches: [UInt32: DeviceQuery] = [:]

  init(_ user: UserID, _ device: DeviceID, _ run: SimRun) {
    self.user = user
    self.device = device
    self.run = run
    token = TokenStamp(issuedAt: .none, id: "\(device)-0")
    core = SimDevice.makeCore(SimTokens.make(user, device, token), device, origin: "")
    startProcess()
  }

  var name: String { "\(user)'s \(device)" }
  var isOffline: Bool { connection == nil }
  /// A frame that others have overtaken, or may.
  var hasLateFrame: Bool { connection != nil && lateFrame != nil }
  var hasInbox: Bool { !inbox.isEmpty }
  var hasAcks: Bool { !taken.isEmpty }
  var isQuiet: Bool {
    inbox.isEmpty && taken.isEmpty && !retryIsDue && commands.isEmpty && queries.isEmpty
      && fetches.isEmpty
  }

  var unrest: String {
    "\(inbox.count) to take, \(taken.count) to ack, \(commands.count) commands, "
      + "\(queries.count + fetches.count) queries\(retryIsDue ? ", a retry" : "")"
  }

  // MARK: processes

  private static func makeCore(_ token: String, _ device: DeviceID, origin: String) -> SessionCore {
    SessionCore(
      settings: SessionCore.Settings(
        token: token, clientName: "simulation",
        origin: Origin("\(origin)\(device)".utf8)!, firstNumber: 1, inFlightMax: 8))
  }

  private func startProcess() {
    process += 1
    core = SimDevice.makeCore(
      SimTokens.make(user, device, token), device, origin: "\(process)")
    lastNumber = 0
    gapless = GaplessNumbers(origin: Origin("g\(process)\(device)".utf8)!)
    retryIsDue = false
    inbox.removeAll()
    taken = [:]
    for index in commands.values { run.commands[index].isAbandoned = true }
    commands = [:]
    queries = [:]
    fetches = [:]
    store.restarted()
  }

  /// The program ends without a word and is started again. What it was told it has kept.
  func restart() {
    hangUp()
    startProcess()
    wasRestarted = true
  }

  /// Made by a clock that is not the server's: sooner or later it is ahead of what made the last one void.
  private func takeNewToken() {
    tokenNumber += 1
    let later = token.issuedAt.milliseconds + 1_000 << min(UInt64(tokenNumber), 16)
    token = TokenStamp(
      issuedAt: Timestamp(milliseconds: max(run.clock.now().milliseconds, later) / 1_000 * 1_000),
      id: "\(device)-\(tokenNumber)")
  }

  /// Nothing of what it has kept counts any more.
  private func beginAnew() {
    run.tally.count("device began anew")
    hangUp()
    startProcess()
    forget()
  }

  // MARK: connection

  func connect(_ connection: SimConnection) {
    self.connection = connection
    decoder = FrameDecoder()
    (lastSequence, coreSequences) = (0, [:])
    core.opened()
    perform()
  }

  private func hangUp() {
    guard let connection else { return }
    self.connection = nil
    lateFrame = nil
    fetches = [:]
    connection.cutToServer(keeping: run.dice.below(connection.toServer.count + 1))
    core.connectionLost()
  }

  func receive(_ item: SimConnection.Item) {
    switch item {
    case .frame(let bytes):
      decoder.append(bytes)
      while let frame = try? decoder.next() {
        noteFollowing(frame)
        receive(frame)
      }
    case .end: hangUp()
    }
  }

  private func receive(_ frame: Frame) {
    if let query = fetches.removeValue(forKey: frame.sequence) {
      var outcome: Result<ByteBuffer, DaybookError> = .success(frame.body)
      if frame.type == .error, let reply = try? Daybook_V1_ErrorReply(frameBody: frame.body) {
        outcome = .failure(DaybookError(reply))
      }
      return run.watch.answered(query, outcome, by: self)
    }
    var frame = frame
    if frame.sequence > 0 {
      frame.sequence = coreSequences.removeValue(forKey: frame.sequence) ?? 0
    }
    core.receive(frame)
    perform()
    holdBackOrResume()
  }

  private func noteFollowing(_ frame: Frame) {
    guard frame.type == .following,
      let push = try? Daybook_V1_Following(frameBody: frame.body),
      let stream = StreamKey(checked: push.stream)
    else { return }
    store.followed(stream, from: Seq(push.cursor))
  }

  // MARK: what the user does

  func issue(_ body: IssuedCommand.Body) {
    let command = numbered(body)
    lastToken += 1
    commands[lastToken] = run.commands.count
    run.commands.append(
      IssuedRecord(
        device: self, origin: command.origin ?? core.settings.origin, number: command.number,
        gaplessStream: command.isGapless ? command.receiver : nil, body: body,
        issuedAt: run.log.heads, time: run.clock.uptime()))
    // What is read was received: the ack goes first, so that the sender hears of it in that order.
    if case .read = body { sendAcks() }
    core.issue(command, token: lastToken)
    perform()
  }

  private func numbered(_ body: IssuedCommand.Body) -> IssuedCommand {
    if run.isGapless, body.isKept, let stream = body.receiver {
      let (origin, number) = gapless.next(in: stream)
      return IssuedCommand(origin: origin, number: number, body: body, isGapless: true)
    }
    lastNumber += 1
    return IssuedCommand(number: lastNumber, body: body)
  }

  func sendLateFrame() {
    if let late = lateFrame { write(late.request, late.sequence) }
    lateFrame = nil
  }

  private func write(_ request: SessionRequest, _ sequence: UInt32) {
    lastSequence += 1
    coreSequences[lastSequence] = sequence
    var bytes = ByteBuffer()
    request.writeFrame(sequence: lastSequence, to: &bytes)
    connection?.sendToServer(.frame(bytes))
  }

  func ask(_ query: DeviceQuery) {
    if case .fetch = query.kind {
      guard core.phase == .online, let connection else { return }
      lastSequence += 1
      fetches[lastSequence] = query
      var bytes = ByteBuffer()
      bytes.writeFrame(query.type, sequence: lastSequence, body: query.body)
      return connection.sendToServer(.frame(bytes))
    }
    lastToken += 1
    queries[lastToken] = query
    core.query(lastToken, query.type, body: query.body)
    perform()
  }

  /// Events that may wait for the application: some applications have little room.
  private var inboxMax: Int { [2, 20, 500][process % 3] }

  /// Events are passed over while there is no room, and fetched once there is.
  private func holdBackOrResume() {
    if !core.isHoldingBack && inbox.count >= inboxMax {
      run.tally.count("events held back")
      core.holdBack()
    } else if core.isHoldingBack && inbox.count <= inboxMax / 2 {
      core.resume()
      perform()
    }
  }

  /// The application takes the next event that it is told.
  func takeOne() {
    defer { holdBackOrResume() }
    guard let item = inbox.popFirst() else { return }
    if let event = item.event { store.tell(event, at: item.point, findings: run.findings, name) }
    if let point = item.point {
      store.told(point.stream, point.seq, findings: run.findings, name)
      taken[point.stream] = max(taken[point.stream] ?? .none, point.seq)
    }
    takeSilent()
  }

  private func takeSilent() {
    while let first = inbox.first, first.event == nil {
      inbox.removeFirst()
      guard let point = first.point else { continue }
      store.told(point.stream, point.seq, findings: run.findings, name)
      taken[point.stream] = max(taken[point.stream] ?? .none, point.seq)
    }
  }

  func sendAcks() {
    let due = taken
    taken = [:]
    for (stream, seq) in due.sorted(by: { $0.key.text < $1.key.text }) {
      core.handed(stream, upTo: seq)
    }
    perform()
  }

  func retry() {
    retryIsDue = false
    core.retryTurnedAway()
    perform()
  }

  // MARK: what the core wants done

  private func perform() {
    core.flush()
    while !core.actions.isEmpty {
      for action in core.takeActions() {
        // A process that ends takes what it still wanted with it.
        guard perform(action) else { return }
      }
      core.flush()
    }
  }

  /// False once the core has been replaced.
  private func perform(_ action: SessionAction) -> Bool {
    switch action {
    case .write(let request, let sequence):
      if case .command(let command) = request, command.isGapless, lateFrame == nil,
        run.dice.oneIn(3)
      {
        lateFrame = (request, sequence)
      } else {
        write(request, sequence)
      }
    case .emit(let event, let point):
      if swallows(event) { return true }
      if case .connection(.connected(let info))? = event { connected(info) }
      inbox.append((event, point))
      takeSilent()
    case .answer(let token, let outcome): answered(token, outcome)
    case .queryAnswer(let id, let outcome):
      if let query = queries.removeValue(forKey: id) {
        run.watch.answered(query, outcome, by: self)
      }
    // Acks go out when the simulation says so.
    case .opened, .ackNow: break
    case .retryLater: retryIsDue = true
    case .reconnect: hangUp()
    case .stop(let error):
      stop(error)
      return false
    }
    return true
  }

  /// A device that was forgotten while it was away learns of it by being taken for a new one.
  private func connected(_ info: SessionInfo) {
    if info.registration != store.registration { forget() }
    store.registration = info.registration
  }

  private func forget() {
    store = DeviceStore()
    wasRestarted = false
  }

  private func swallows(_ event: ClientEvent?) -> Bool {
    guard run.mutation == .eventSwallowed, case .message? = event else { return false }
    return store.messages.count == 3
  }

  private func stop(_ error: DaybookError) {
    switch error.code {
    case .deviceForgotten: beginAnew()
    case .sessionReplaced:
      // By its own former connection, whose Connect was slow to arrive: its user opens it again.
      run.tally.count("replaced by itself")
      restart()
    case .tokenRevoked:
      run.tally.count("void token refused")
      takeNewToken()
      restart()
    default:
      run.findings.add("\(name) stopped for good: \(error)")
      beginAnew()
    }
  }

  private func answered(_ token: UInt64, _ outcome: Result<CommandReply, DaybookError>) {
    guard let index = commands.removeValue(forKey: token) else {
      return run.findings.add("\(name) was given an answer that it had no question for")
    }
    run.commands[index].outcome = outcome
  }
}

/// A command from being issued to its last answer.
struct IssuedRecord {
  unowned let device: SimDevice
  let origin: Origin
  let number: UInt64
  /// The number counts in this stream alone.
  let gaplessStream: StreamKey?
  let body: IssuedCommand.Body
  /// How much of each partition was durable then.
  let issuedAt: [Int]
  let time: Timestamp
  var outcome: Result<CommandReply, DaybookError>?
  /// Its process ended before there was an answer: it may have happened, or not.
  var isAbandoned = false

  init(
    device: SimDevice, origin: Origin, number: UInt64, gaplessStream: StreamKey?,
    body: IssuedCommand.Body, issuedAt: [Int], time: Timestamp
  ) {
    self.gaplessStream = gaplessStream
    self.device = device
    self.origin = origin
    self.number = number
    self.body = body
    self.issuedAt = issuedAt
    self.time = time
  }

  var issued: IssuedNumber {
    IssuedNumber(IssuedOrigin(origin, user: device.user, in: gaplessStream), number: number)
  }

  var place: String { "\(device.name)'s command \(origin)/\(number) \(body)" }
}

import Foundation
