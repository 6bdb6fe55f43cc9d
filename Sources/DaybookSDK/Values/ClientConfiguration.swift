import DaybookModel
public import Logging
public import NIOCore

/// How a client reaches its server, and how patient it is.
public struct ClientConfiguration: Sendable {
  /// Gives a token. Asked before each connection, and again when the server says that a token has
  /// expired. A `ClientError` that is final ends the client; after any other error it asks again, with
  /// pauses that grow. Whoever has not answered within `connectDeadline` counts as failed.
  public typealias TokenProvider = @Sendable () async throws -> String

  /// How the server is to keep the order of messages.
  public enum Ordering: Sendable, Hashable {
    /// They are taken as they come, on a connection in the order in which they were sent; one that comes
    /// again after a failure may find later ones taken.
    case pipelined
    /// In each conversation strictly in the order in which they were sent, whatever happens on the way:
    /// the server takes none before the one before it was taken, or refused for good. While it waits for
    /// one, `.delayed` tells of `number_gap`.
    case gapless
  }

  /// A name or an address.
  public var host: String
  /// 1 to 65,535.
  public var port: Int
  /// Speak TLS with the server, and how. Nil: in clear, for everybody on the way to read.
  public var tls: TLSSettings?
  /// Speak over WebSocket, to where the server does, as behind a proxy of HTTP. False: over TCP.
  public var isWebSocket = false
  /// Says who connects: `schemas/tokens.md`. Used where there is no provider.
  public var token: String
  /// Gives tokens that don't last: with it a session goes on when its token has expired.
  public var tokenProvider: TokenProvider?
  /// Name and version of the program, for the server's operator.
  public var clientName = "daybook-swift"
  /// Who issues this client's commands, 1 to 32 bytes: with `firstNumber` beyond all numbers used
  /// before, an installation may keep one for ever. Nil: a random one for each client.
  public var origin: [UInt8]?
  /// The first command's number under `origin`.
  public var firstNumber: UInt64 = 1
  /// How messages are counted.
  public var ordering = Ordering.pipelined
  /// What the server is to do otherwise on this client's connections.
  public var connectionOptions = ConnectionOptions()
  /// Commands on their way at one time, at most; the server's own bound holds too.
  public var commandsInFlightMax = 256
  /// Before the first attempt to reconnect, at most; doubled with each further one.
  public var reconnectFirst = Duration.milliseconds(100)
  /// Between two attempts to reconnect, at most.
  public var reconnectMax = Duration.seconds(15)
  /// For how long `connect` keeps trying to reach a server that doesn't answer; zero: once.
  public var connectPatience = Duration.zero
  /// For a connection, then for the server's word that the session is open, and before both for the
  /// token provider.
  public var connectDeadline = Duration.seconds(10)
  /// For each answer that a call waits for, where `DaybookClient.withDeadline` says nothing else. Nil:
  /// for as long as it takes, reconnects included.
  public var requestDeadline: Duration?
  /// For how long `run`, once its task is cancelled, waits for the answers to what was sent.
  public var shutdownDeadline = Duration.seconds(5)
  /// Where messages wait until they are stored, so that they survive the process. Nil: in memory.
  public var outbox: (any Outbox)?
  /// When an event counts as received, so that it never comes to this device again.
  public var acknowledgement = Acknowledgement.afterBody
  /// Acks are held back for so long, or until `ackEventsMax` events are due, and then are one frame.
  public var ackDelay = Duration.milliseconds(20)
  /// Events that are acked without delay once so many are due.
  public var ackEventsMax = 64
  /// Events that may wait for the application. Past that further ones are left with the server, which
  /// has them for as long as they are not acked, and fetched later; typing and transient messages are
  /// lost, and what becomes of own messages is told by `SentMessage` alone.
  public var bufferedEventsMax = 8_192
  /// Told of connections, and what ends them. Nobody, unless set.
  public var logger = Logger(label: "daybook.sdk") { _ in SwiftLogNoOpLogHandler() }
  /// Where the client runs: on one loop of this group, which is one of NIOPosix and outlives the
  /// client. Nil: the process's shared one.
  public var eventLoopGroup: (any EventLoopGroup)?

  /// For a user's device or a service, by a token that lasts.
  public init(host: String, port: Int, token: String) {
    self.host = host
    self.port = port
    self.token = token
  }

  /// For a user's device or a service, by tokens that are asked for.
  public init(host: String, port: Int, tokenProvider: @escaping TokenProvider) {
    self.init(host: host, port: port, token: "")
    self.tokenProvider = tokenProvider
  }

  /// Takes `host:port`, or `tls://host:port` for a server that speaks TLS, `ws://host:port` and `wss://host:port`
  /// over WebSocket, in clear and by TLS; an IPv6 address stands in brackets. Throws `invalid_argument`.
  public init(server: String, token: String) throws(ClientError) {
    let scheme = ["tls://", "ws://", "wss://"].first { server.hasPrefix($0) } ?? ""
    let address: ServerAddress
    do throws(DaybookError) {
      address = try ServerAddress(parsing: String(server.dropFirst(scheme.count)))
    } catch {
      throw ClientError(error)
    }
    guard address.port > 0 else {
      throw ClientError(.invalidArgument, "'\(server)' is no server: its port is 1 to 65535, not 0")
    }
    self.init(host: address.host, port: address.port, token: token)
    if ["tls://", "wss://"].contains(scheme) { tls = TLSSettings() }
    isWebSocket = ["ws://", "wss://"].contains(scheme)
  }

  /// As `init(server:token:)`, with tokens that are asked for.
  public init(server: String, tokenProvider: @escaping TokenProvider) throws(ClientError) {
    try self.init(server: server, token: "")
    self.tokenProvider = tokenProvider
  }
}
