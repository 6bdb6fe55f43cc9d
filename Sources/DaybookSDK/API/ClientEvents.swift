/// The events of a client, in order, each once. For one consumer: a second one would take events
/// from the first.
public struct ClientEvents: AsyncSequence, Sendable {
  public typealias Element = ClientEvent

  let queue: EventQueue

  public struct AsyncIterator: AsyncIteratorProtocol {
    let queue: EventQueue

    public mutating func next() async -> ClientEvent? { await queue.next() }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(queue: queue) }
}
