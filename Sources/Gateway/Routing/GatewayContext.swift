import DaybookModel
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Requests

/// What all loops and sessions of a gateway share.
final class GatewayContext: Sendable {
  let commands: any Commands
  let queries: any Queries
  let tokens: any TokenCheck
  let clock: any WallClock
  let logID: String
  let options: GatewayOptions
  let logger: Logger
  let presence = PresenceRegistry()
  private let followerCounts = FollowerCounts()
  let gate: ConnectionGate
  let queryBudget: QueryBudget
  let threads = SessionThreads(count: 2)
  private let allLoops = NIOLockedValueBox<[GatewayLoop]>([])

  init(
    commands: any Commands, queries: any Queries, tokens: any TokenCheck, clock: any WallClock,
    logID: String, options: GatewayOptions, logger: Logger
  ) {
    self.commands = commands
    self.queries = queries
    self.tokens = tokens
    self.clock = clock
    self.logID = logID
    self.options = options
    self.logger = logger
    gate = ConnectionGate(connectionsMax: options.connectionsMax)
    queryBudget = QueryBudget(bytesMax: options.queryBytesMax)
  }

  var loops: [GatewayLoop] { allLoops.withLockedValue { $0 } }

  /// Gives each event loop its table. Called once, before anything is routed.
  func serve(on group: any EventLoopGroup) -> [GatewayLoop] {
    let made = group.makeIterator().map { GatewayLoop($0, self) }
    allLoops.withLockedValue { $0 = made }
    return made
  }

  func gatewayLoop(of loop: any EventLoop) -> GatewayLoop {
    guard let found = loops.first(where: { $0.loop === loop }) else {
      preconditionFailure("a connection on an event loop that the gateway was not given")
    }
    return found
  }
}

extension GatewayContext: Audience {
  func onlineDevices(of user: UserID) -> Set<DeviceID> { presence.devices(of: user) }

  func followerCount(of stream: StreamKey) async throws -> Int {
    try await followerCounts.count(
      of: stream, now: clock.now(), on: threads
    ) { [loops] in
      var users: Set<UserID> = []
      for loop in loops {
        users.formUnion(try await loop.loop.submit { loop.followers(of: stream) }.get())
      }
      return users.count
    }
  }
}
