import DaybookModel
package import NIOCore

/// What an operator may set of a gateway, and the limits of one session.
package struct GatewayOptions: Sendable {
  /// From a connection's opening to its connect request.
  package var connectDeadline: TimeAmount = .seconds(5)
  /// A session that is silent for twice as long is closed.
  package var heartbeatInterval: TimeAmount = .seconds(30)
  /// Heartbeat intervals within which a frame that has begun has to be there as a whole.
  package var frameIntervalsMax = 4
  /// Acks of a stream within one such tick become one event.
  package var ackTick: TimeAmount = .milliseconds(20)
  /// How long a device's acks of groups are gathered: they become one event.
  package var groupCursorInterval: TimeAmount = .seconds(10)
  package var frameBytesMax = Limits.frameBytesMax
  /// Of a frame, header included, before a Connect was accepted.
  package var strangerFrameBytesMax = Limits.strangerFrameBytesMax
  /// Commands of a session without an answer: at this many, nothing more is read from it.
  package var inFlightMax = 1024
  /// Queries of a session without an answer: one more is refused.
  package var queriesInFlightMax = 32
  /// What queries of all sessions may take in memory at a time, replies that nobody has read yet
  /// included; and of one session. What is over waits.
  package var queryBytesMax = 128 << 20
  package var sessionQueryBytesMax = 4 << 20
  /// For how long, until it is refused for now.
  package var queryWait: TimeAmount = .seconds(10)
  /// Of each stream a session follows, what it is pushed without having acked it.
  package var window = PushWindow.Size(events: Limits.windowEvents, bytes: Limits.windowBytes)
  /// What waits to be read by a client: from there on nothing is pushed, nor are its frames taken,
  /// until it has come down to `outboundBytesLow`.
  package var outboundBytesMax = 1 << 20
  package var outboundBytesLow = 256 << 10
  /// Bytes of a client's frames that are read meanwhile, so that its heartbeats are heard.
  package var unreadFramesBytesMax = 64 << 10
  /// Name and version of a client's program, which the log keeps with each session.
  package var clientBytesMax = 128
  /// Users whose presence one session may watch.
  package var watchedUsersMax = 10_000
  /// Users in online queries of one session without an answer; one query more is refused.
  package var onlineUsersInFlightMax = 10_000
  /// Typing pushes that a session may cause in one half of a heartbeat interval; more are dropped.
  package var typingMax = 60
  /// Open connections; one more is told so and closed. Asked each time: what the system lets a
  /// process have may change while it runs.
  package var connectionsMax: @Sendable () -> Int = { 10_000 }
  /// Connections waiting to be accepted.
  package var backlog = 1024

  package init() {}
}
