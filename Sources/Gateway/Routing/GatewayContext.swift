import DaybookModel
import Logging
import Metrics
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Requests

/// What all loops and sessions of a gateway share.
final class GatewayContext: Sendable {
  let commands: any Commands
  let queries: any Queries
  let inspection: (any Inspection)?
  let tokens: any TokenCheck
  let clock: any WallClock
  let options: GatewayOptions
  let sessionSettings: SessionSettings
  let logger: Logger
  let sessionLog: SessionLog
  let metrics: GatewayMetrics
  let registry: any SessionRegistry
  private let followerCounts = FollowerCounts()
  let queryBudget: QueryBudget
  let largeFrames: QueryBudget
  let addresses: AddressLimits
  let work: any SessionWork
  /// A session's name in the log, by its number.
  let sessionID: @Sendable (UInt64) -> String
  private let lastSession = NIOLockedValueBox<UInt64>(0)
  private let devices: NIOLockedValueBox<DevicePolicy>
  private let allLoops = NIOLockedValueBox<[GatewayLoop]>([])

  init(
    commands: any Commands, queries: any Queries, inspection: (any Inspection)? = nil,
    tokens: any TokenCheck, clock: any WallClock,
    logID: String, options: GatewayOptions, registry: any SessionRegistry, work: any SessionWork,
    sessionID: @escaping @Sendable (UInt64) -> String = GatewayContext.randomID, logger: Logger,
    metrics: any MetricsFactory = MetricsSystem.factory
  ) {
    self.commands = commands
    self.queries = queries
    self.inspection = inspection
    self.tokens = tokens
    self.clock = clock
    self.options = options
    sessionSettings = SessionSettings(logID: logID, options: options, clock: clock)
    self.logger = logger
    sessionLog = SessionLog(logger, clock: clock)
    self.metrics = GatewayMetrics(metrics)
    self.registry = registry
    self.work = work
    self.sessionID = sessionID
    devices = NIOLockedValueBox(options.devices)
    addresses = AddressLimits(options.rates, refusesLoopback: options.refusesLoopback)
    queryBudget = QueryBudget(bytesMax: options.queryBytesMax)
    largeFrames = QueryBudget(bytesMax: options.largeFramesBytesMax)
  }

  /// 60 bits: up to 15 digits a string has them within itself.
  static func randomID(_ number: UInt64) -> String {
    String(UInt64.random(in: 1..<1 << 60), radix: 16)
  }

  func nextSessionNumber() -> UInt64 {
    lastSession.withLockedValue { last in
      last += 1
      return last
    }
  }

  /// Of sessions that begin from now on.
  var devicePolicy: DevicePolicy {
    get { devices.withLockedValue { $0 } }
    set { devices.withLockedValue { $0 = newValue } }
  }

  var loops: [GatewayLoop] { allLoops.withLockedValue { $0 } }

  /// Gives each event loop its table. Called once, before anything is routed.
  func serve(on loops: [any EventLoop]) -> [GatewayLoop] {
    let made = loops.enumerated().map { GatewayLoop($1, self, index: $0) }
    allLoops.withLockedValue { $0 = made }
    for loop in made { registry.add(loop) }
    return made
  }

  /// Lets go of the loops, which know this context.
  func end() {
    allLoops.withLockedValue { $0 = [] }
    registry.end()
  }

  func gatewayLoop(of loop: any EventLoop) -> GatewayLoop {
    guard let found = loops.first(where: { $0.loop === loop }) else {
      preconditionFailure("a connection on an event loop that the gateway was not given")
    }
    return found
  }
}

extension GatewayContext: Audience {
  func onlineDevices(of user: UserID) -> Set<DeviceID> {
    Set(registry.presence(of: [user]).flatMap(\.devices))
  }

  func followerCount(of stream: StreamKey) async -> Int {
    await followerCounts.count(
      of: stream, now: clock.now(), on: work
    ) { [loops] in
      var users: Set<UserID> = []
      for loop in loops {
        // A loop that has stopped has no followers.
        let here = try? await loop.loop.submit { loop.followers(of: stream) }.get()
        users.formUnion(here ?? [])
      }
      return users.count
    }
  }
}
