import DaybookModel
import Doubles
import Foundation
import NIOCore
import Ports

@testable import DaybookSDK
@testable import Gateway

/// One simulated run: a log, servers that come and go on top of it, devices that come and go as
/// well, and a seed that decides everything.
///
/// `@unchecked Sendable`: a run is one thread.
final class SimRun: @unchecked Sendable {
  static let partitions = 3
  /// A run that is not at rest by then never will be.
  static let stepsMax = 100_000
  /// Where nothing is due for so long, nothing more comes of what was begun.
  static let restful = TimeAmount.minutes(1)

  let seed: UInt64
  let mutation: Mutation?
  var dice: Dice
  let sizes: RunSizes
  let clock = SimClock()
  let work = SimWork()
  let snapshots = SimSnapshots()
  let log: SimLog
  let findings = Findings()
  let watch: Watch
  private(set) var queries: SimQueries! = nil
  let executor = InlineExecutor()
  private(set) var sessionWork: SimSessionWork! = nil
  private(set) var devices: [SimDevice] = []
  private(set) var connections: [SimConnection] = []
  var commands: [IssuedRecord] = []
  var submissions = Submissions()
  private(set) var server: SimServer?
  private var maker: CommandMaker
  private(set) var projecting: SimProjecting! = nil
  private var operating: SimOperator! = nil
  private var lives = 0
  var tally = RunTally()
  private(set) var steps = 0
  private(set) var isHealing = false
  /// Messages are taken in turn, and their frames overtake each other on the way.
  var isGapless: Bool { seed % 4 == 0 }

  init(seed: UInt64, mutation: Mutation? = nil) throws {
    self.seed = seed
    self.mutation = mutation
    dice = Dice(seed: seed)
    sizes = RunSizes(&dice)
    log = SimLog(partitions: SimRun.partitions, offsets: SimRun.offsets(seed))
    watch = Watch(log, clock)
    maker = CommandMaker(users: sizes.users, groups: sizes.groups, devices: sizes.devices)
    queries = SimQueries(self)
    sessionWork = SimSessionWork(self)
    projecting = try SimProjecting(self)
    operating = SimOperator(self)
    for user in sizes.users {
      for device in sizes.devices { devices.append(SimDevice(user, device, self)) }
    }
    if mutation == .causeForgotten { forgetCauses() }
    if mutation == .turnSkipped { skipTurn() }
  }

  deinit { server?.die() }

  /// Waits for what is asynchronous; nothing else happens meanwhile.
  func waiting<T: Sendable>(
    _ body: @escaping @Sendable () async throws -> T
  ) -> Result<T, DaybookError> {
    executor.run(body).mapError { error in
      error as? DaybookError
        ?? DaybookError(.storageFailed, "the read side failed", cause: error)
    }
  }

  // MARK: the course of a run

  func run() throws {
    try startServer()
    while commands.count < sizes.commands {
      try step()
      guard steps < SimRun.stepsMax else { return findings.add("the run made no progress") }
    }
    try heal()
    // Whoever was refused something that only a new session asks for again gets it by this.
    for connection in connections { cut(connection) }
    try rest()
    guard findings.isEmpty else { return }
    askForEverything()
    try rest()
  }

  private enum Move {
    case loop(SimLoop)
    case work(Int)
    case append(Int)
    case toServer(SimConnection)
    case toClient(SimConnection)
    case take(SimDevice)
    case acks(SimDevice)
    case connect(SimDevice)
    case retry(SimDevice)
    case late(SimDevice)
    case project
    case time
  }

  private func step() throws {
    steps += 1
    operating.mayRevoke()
    guard try !makeTrouble() else { return }
    if dice.oneIn(sizes.commandEvery) {
      let device = dice.pick(devices)
      return device.issue(maker.next(for: device, &dice))
    }
    if dice.oneIn(60) { return ask(dice.pick(devices)) }
    var moves = moves()
    moves += devices.filter { $0.retryIsDue && !$0.isOffline }.map { .retry($0) }
    moves += [.project, .time]
    make(dice.pick(moves))
  }

  /// Whatever can happen by itself. Of one kind at most a few, so that none crowds out the rest.
  private func moves() -> [Move] {
    var moves: [Move] = []
    for loop in server?.loops ?? [] where loop.hasWork { moves.append(.loop(loop)) }
    if !work.waiting.isEmpty { moves.append(.work(dice.below(work.waiting.count))) }
    for index in 0..<log.partitionCount where log.isAppending(index) {
      moves.append(.append(index))
    }
    connections.removeAll(where: \.isOver)
    for connection in connections {
      if connection.channel?.isReading == true, !connection.toServer.isEmpty {
        moves.append(.toServer(connection))
      }
      if connection.device.connection === connection, !connection.toClient.isEmpty {
        moves.append(.toClient(connection))
      }
    }
    for device in devices {
      if device.hasInbox { moves.append(.take(device)) }
      if device.hasLateFrame { moves.append(.late(device)) }
      if device.hasAcks { moves.append(.acks(device)) }
      if device.isOffline, server?.isStopping == false { moves.append(.connect(device)) }
    }
    return moves
  }

  private func make(_ move: Move) {
    switch move {
    case .loop(let loop): loop.runOne()
    case .work(let index): work.doOne(index)
    case .append(let index): log.complete(index, failingWith: fault())
    case .toServer(let connection): deliver(to: connection)
    case .toClient(let connection): deliver(toClientOf: connection)
    case .take(let device): device.takeOne()
    case .acks(let device): device.sendAcks()
    case .connect(let device): connect(device)
    case .retry(let device): device.retry()
    case .late(let device): device.sendLateFrame()
    case .project: projecting.step()
    case .time: passTime()
    }
  }

  private func fault() -> DaybookError? {
    guard !isHealing, dice.oneIn(sizes.failEvery) else { return nil }
    tally.count("append failed")
    return DaybookError(dice.oneIn(2) ? .storageFull : .overloaded, "the simulation says so")
  }

  /// On the session's loop, as the channel would.
  private func deliver(to connection: SimConnection) {
    guard let server, let channel = connection.channel else { return }
    let item = connection.takeToServer()
    server.loop(of: channel).within { channel.receive(item) }
  }

  private func deliver(toClientOf connection: SimConnection) {
    connection.device.receive(connection.takeToClient())
    guard let server, let channel = connection.channel else { return }
    server.loop(of: channel).within { channel.drained() }
  }

  private func connect(_ device: SimDevice) {
    guard let server else { return }
    let connection = SimConnection(device)
    connections.append(connection)
    server.connect(connection, on: dice.below(SimServer.gatewayLoops))
    device.connect(connection)
  }

  private func passTime() {
    let milliseconds: Int
    switch dice.below(200) {
    case 0: milliseconds = 90_000_000
    case 1..<10: milliseconds = dice.within(1_000...10_000)
    case 10..<60: milliseconds = dice.within(20...600)
    default: milliseconds = dice.within(1...5)
    }
    advance(by: milliseconds)
  }

  private func advance(by milliseconds: Int) {
    clock.advance(by: UInt64(milliseconds))
    for loop in server?.loops ?? [] { loop.advance(by: .milliseconds(Int64(milliseconds))) }
  }

  // MARK: coming to rest

  /// No more trouble: everybody connects, and everything that is under way arrives.
  private func heal() throws {
    isHealing = true
    if server?.isStopping == true { try finishStopping() }
    if server == nil { try startServer() }
    try rest()
  }

  private func finishStopping() throws {
    while let server, !server.hasStopped {
      let moves = moves()
      if moves.isEmpty || dice.oneIn(30) { advance(by: 20) } else { make(dice.pick(moves)) }
      steps += 1
      guard steps < SimRun.stepsMax else { return findings.add("the server never stopped") }
    }
    endServer()
  }

  private func rest() throws {
    while true {
      steps += 1
      guard steps < SimRun.stepsMax else {
        return findings.add("the run came to no rest: \(unrest)")
      }
      let moves = moves()
      if !moves.isEmpty {
        make(dice.pick(moves))
        // Whoever is refused for a while connects again and again meanwhile.
        if dice.oneIn(30) { advance(by: 20) }
        continue
      }
      let isAtRest = server?.loops.allSatisfy { !$0.isDue(within: SimRun.restful) } ?? true
      if isAtRest, devices.allSatisfy(\.isQuiet) { return }
      advance(by: 100)
      for device in devices where device.retryIsDue { device.retry() }
    }
  }

  /// What is still going on.
  private var unrest: String {
    let moves = moves().map { "\($0)" }
    let busy = devices.filter { !$0.isQuiet }.map { "\($0.name): \($0.unrest)" }
    let timers = server?.loops.count { $0.isDue(within: SimRun.restful) } ?? 0
    return "\(moves), \(busy), \(timers) timers"
  }

  /// Nothing that runs on a log may rely on where its offsets begin, nor on their being without gaps.
  private static func offsets(_ seed: UInt64) -> OffsetRule {
    [.contiguous, .from1000, .gaps][Int(seed % 3)]
  }

  // MARK: lives of the server

  func startServer() throws {
    lives += 1
    submissions.begin(log.heads)
    let next = SimServer(self, life: lives)
    server = next
    try next.start()
  }

  /// The server is gone: what is on its way to its clients may still arrive.
  func endServer() {
    server?.die()
    server = nil
    work.die()
    for connection in connections {
      connection.cutToClient(keeping: dice.below(connection.toClient.count + 1))
      connection.channel = nil
    }
  }

  func ask(_ device: SimDevice) {
    device.ask(watch.question(for: device, sizes, &dice))
  }
}
