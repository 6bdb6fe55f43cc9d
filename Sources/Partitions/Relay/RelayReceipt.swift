import DaybookModel

/// Goes back to a relay when effects that it delivered are durable, or are not going to be.
struct RelayReceipt {
  let relay: Relay
  let destination: PartitionID
  /// Of the delivery's last effect.
  let through: Cause
  let count: Int
  /// Which attempt of the relay's: receipts of one that was given up say nothing any more.
  let attempt: Int
}
