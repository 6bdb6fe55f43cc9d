import DaybookModel

/// How a client reaches its server, and how patient it is.
public struct ClientConfiguration: Sendable {
  public var host: String
  public var port: Int
  public var token: String
  /// Name and version of the program, for the server's operator.
  public var clientName = "daybook-swift"
  /// Who issues this installation's commands, 1 to 32 bytes: with `firstNumber` beyond all numbers
  /// used before, an installation may keep one for ever. Nil: a random one for each client.
  public var origin: [UInt8]?
  public var firstNumber: UInt64 = 1
  /// Commands on their way at one time, at most; the server's own bound holds too.
  public var commandsInFlightMax = 256
  /// Before the first attempt to reconnect, and at most between two.
  public var reconnectFirstMilliseconds: UInt64 = 100
  public var reconnectMaxMilliseconds: UInt64 = 15_000
  /// For how long `connect` keeps trying to reach a server that doesn't answer; 0: once.
  public var connectPatienceMilliseconds: UInt64 = 0
  /// For a connection, and then for the server's word that the session is open.
  public var connectDeadlineMilliseconds: UInt64 = 10_000
  /// When an event counts as received, so that it never comes to this device again.
  public var acknowledgement = Acknowledgement.afterBody
  /// Acks are held back for so long, or until so many events are due, and then are one frame.
  public var ackDelayMilliseconds: UInt64 = 20
  public var ackEventsMax = 64
  /// Events that may wait for the consumer before the client stops reading from the server.
  public var bufferedEventsMax = 8_192

  public init(host: String, port: Int, token: String) {
    self.host = host
    self.port = port
    self.token = token
  }

  /// Takes `host:port`; an IPv6 address stands in brackets. Throws `invalid_argument`.
  public init(server: String, token: String) throws(ClientError) {
    let address: ServerAddress
    do throws(DaybookError) {
      address = try ServerAddress(parsing: server)
    } catch {
      throw ClientError(error)
    }
    guard address.port > 0 else {
      throw ClientError(.invalidArgument, "'\(server)' is no server: a port is 1 to 65535")
    }
    self.init(host: address.host, port: address.port, token: token)
  }
}
