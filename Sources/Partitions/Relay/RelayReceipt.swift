import DaybookModel

/// Effects on their way to one destination.
struct RelayDelivery {
  var effects: [Effect]
  /// The last effect sent there before these: a destination that has not taken it has lost it,
  /// and must not take what follows. Nil where everything before is known to be durable.
  var after: Cause?
  var receipt: RelayReceipt
}

/// Goes back to a relay when effects that it delivered are durable, or are not going to be.
struct RelayReceipt {
  let relay: Relay
  let destination: PartitionID
  /// Of the delivery's last effect.
  let through: Cause
  let count: Int
  /// Which attempt of the destination's lane.
  let attempt: Int
  /// Of a destination that is fed by itself: where that goes on.
  var next: Offset?
}
