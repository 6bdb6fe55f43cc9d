/// The events of a client, in order, each once. For one consumer: a second one would take events
/// from the first. Whoever iterates them keeps the client alive.
public struct ClientEvents: AsyncSequence, Sendable {
  /// What happened.
  public typealias Element = ClientEvent

  let client: DaybookClient

  /// Takes events one by one.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let client: DaybookClient

    /// Waits for the next event; nil when the session is over, or this task is cancelled. With
    /// `Acknowledgement.afterBody`, asking acknowledges all that was handed out before.
    public mutating func next() async -> ClientEvent? { await client.engine.events.next()?.event }
  }

  /// Begins where the last iterator ended.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(client: client) }
}

/// As ``ClientEvents``, each with the way to acknowledge it.
public struct ClientDeliveries: AsyncSequence, Sendable {
  /// An event, and the way to acknowledge it.
  public typealias Element = Delivery

  let client: DaybookClient

  /// Takes deliveries one by one.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let client: DaybookClient

    /// Waits for the next one; nil when the session is over, or this task is cancelled.
    public mutating func next() async -> Delivery? {
      let queue = client.engine.events
      return await queue.next().map {
        Delivery(event: $0.event, point: $0.point, queue: queue)
      }
    }
  }

  /// Begins where the last iterator ended.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(client: client) }
}

/// An event, and the way to say that the application is done with it.
public struct Delivery: Sendable {
  /// What happened.
  public let event: ClientEvent
  let point: AckPoint?
  let queue: EventQueue

  /// The application has this event, and all that came before it in the user's mailbox or in the same
  /// group: none of that is sent to this device again. To be called in any order, from any thread,
  /// and needed with `Acknowledgement.manual` alone. What never comes again anyway, such as a
  /// connection's state, needs none.
  public func acknowledge() {
    if let point { queue.acknowledge(point.stream, upTo: point.seq) }
  }
}
