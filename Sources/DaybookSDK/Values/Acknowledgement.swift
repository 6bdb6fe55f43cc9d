/// When an event counts as received by this device. What counts is acked, and never comes again; what
/// does not is sent again to the device's next session.
///
/// Acknowledgements are cumulative in a stream: that of one event covers those that came before it, in
/// the user's mailbox or in the same group. Of each stream only so many events come without an ack (the
/// server's `window_events`, 1,024): an application that acknowledges nothing is sent no more.
public enum Acknowledgement: Sendable, Hashable {
  /// As soon as it is handed to the application. What an application that ends just then had not
  /// stored is not sent to this device again: only history has it.
  case immediate
  /// When the application asks for the next event, which it does when it is done with this one: a
  /// loop's body runs to its end, or `next()` is called again. An event whose body was left by `break`
  /// or `return`, by an error or the process's end, is not acknowledged.
  case afterBody
  /// When the application says so: `Delivery.acknowledge()` or `DaybookClient.acknowledge(_:)`.
  case manual
}
