import DaybookModel
import NIOCore

@testable import SegmentLog

/// What a folder and its log are known by: `manifest.json`, `daybook.json`, epoch and watermark. The
/// first byte says which, and whether its checksum is put right before.
enum ManifestTarget {
  private enum Kind: UInt8, CaseIterable {
    case manifest, sealedManifest, sealedText, epoch, watermark
  }

  private static let end = "\"checksum\": \""

  static func run(_ bytes: [UInt8]) -> Bool {
    guard let first = bytes.first else { return false }
    var rest = Array(bytes.dropFirst())
    switch Kind(rawValue: first % UInt8(Kind.allCases.count))! {
    case .manifest: return checkManifest(rest)
    case .sealedManifest: return checkManifest(sealed(rest))
    case .sealedText: return checkText(rest)
    case .epoch:
      if checkEpoch(rest) { return true }
      sealEnd(&rest)
      return checkEpoch(rest)
    case .watermark:
      if checkWatermark(rest) { return true }
      sealSlots(&rest)
      return checkWatermark(rest)
    }
  }

  private static func sealed(_ bytes: [UInt8]) -> [UInt8] {
    let text = String(decoding: bytes, as: UTF8.self)
    let covered = text.ranges(of: end).last.map { text[..<$0.lowerBound] } ?? text[...]
    return Array(SealedText.close(String(covered)).utf8)
  }

  private static func checkManifest(_ bytes: [UInt8]) -> Bool {
    let manifest: Manifest
    do throws(DaybookError) {
      manifest = try Manifest(parsing: bytes)
    } catch {
      precondition([.logCorrupt, .formatVersion].contains(error.code), "\(error)")
      return false
    }
    precondition(Array(manifest.text.utf8) == bytes, "a manifest is not what it is written as")
    precondition((1...Limits.partitionsMax).contains(manifest.partitions))
    precondition(manifest.raisedAt.allSatisfy { $0 >= .zero })
    for index in 0..<manifest.partitions {
      let seeds = manifest.seeds(of: PartitionID(index))
      precondition(seeds.current == manifest.seed)
    }
    if manifest.version == Manifest.formatVersion { checkText(bytes) }
    return true
  }

  /// Text with a checksum is whole as it is, and with no bit of it changed.
  @discardableResult
  private static func checkText(_ bytes: [UInt8]) -> Bool {
    guard SealedText.isWhole(bytes) else { return false }
    precondition(sealed(bytes) == bytes, "whole text is closed otherwise")
    var changed = bytes
    let bit = bytes.reduce(into: 1) { $0 = ($0 &* 31 &+ Int($1)) & 0xffff } % (bytes.count * 8)
    changed[bit / 8] ^= 1 << UInt8(bit % 8)
    precondition(!SealedText.isWhole(changed), "a bit was changed and nobody noticed")
    return true
  }

  private static func sealEnd(_ bytes: inout [UInt8]) {
    if bytes.count >= 4 { bytes.withUnsafeMutableBytes { LogBytes.sealEnd(of: $0) } }
  }

  private static func checkEpoch(_ bytes: [UInt8]) -> Bool {
    guard let record = EpochRecord(bytes, LogBytes.seed) else { return false }
    precondition(record.branch == nil || record.encode(LogBytes.seed) == bytes)
    return true
  }

  private static func sealSlots(_ bytes: inout [UInt8]) {
    for at in [0, WatermarkSlot.slotDistance] where at + WatermarkSlot.byteCount <= bytes.count {
      bytes.withUnsafeMutableBytes {
        LogBytes.sealEnd(
          of: UnsafeMutableRawBufferPointer(rebasing: $0[at..<at + WatermarkSlot.byteCount]))
      }
    }
  }

  private static func checkWatermark(_ bytes: [UInt8]) -> Bool {
    let slot = bytes.withUnsafeBytes {
      WatermarkSlot.newest($0, [LogBytes.seed], partition: LogBytes.partition)
    }
    guard let slot else { return false }
    precondition(slot.partition == LogBytes.partition && slot.durableOffset >= .zero)
    var encoded = [UInt8](repeating: 0, count: WatermarkSlot.byteCount)
    encoded.withUnsafeMutableBytes { slot.encode(into: $0, LogBytes.seed) }
    let lies = [0, WatermarkSlot.slotDistance].contains { at in
      bytes.dropFirst(at).prefix(encoded.count).elementsEqual(encoded)
    }
    // Those of versions before are shorter.
    let isEarlier = [0, WatermarkSlot.slotDistance].contains { at in
      bytes.count > at + 4 && bytes[at + 4] < UInt8(WatermarkSlot.version)
    }
    precondition(lies || isEarlier, "a slot is not what it is encoded to")
    return true
  }

  static var seeds: [[UInt8]] {
    let manifest = Array(LogBytes.manifest.text.utf8)
    let id = LogBytes.manifest.log.hex
    let legacy = "{\"format_version\": 1, \"partitions\": 2, \"log_id\": \"\(id)\"}\n"
    let raised = SealedText.close(
      "{\"format_version\": 2, \"partitions\": 2, \"log_id\": \"\(id)\", "
        + "\"branch_id\": \"\(id)\", \"secret\": \"\(id)\", \"raised_at\": \"0 12\", ")
    let daybook = SealedText.close("{\"format_version\": 3, \"receipts_members_max\": 1000, ")
    let epoch = EpochRecord(epoch: Epoch(7), owner: 5, branch: LogBytes.manifest.branch)
    let older = LogBytes.watermark(durable: Offset(3), counter: 1)
    let gap = [UInt8](repeating: 0, count: WatermarkSlot.slotDistance - older.count)
    return [
      [0] + manifest, [1] + manifest, [1] + Array(raised.utf8), [0] + Array(legacy.utf8),
      [2] + Array(daybook.utf8), [3] + epoch.encode(LogBytes.seed),
      [4] + older + gap + LogBytes.watermark(durable: Offset(4), counter: 2),
    ]
  }
}
