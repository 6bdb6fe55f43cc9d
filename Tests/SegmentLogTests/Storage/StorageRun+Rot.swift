import DaybookModel
import Files
import Ports

@testable import SegmentLog

/// Bytes that were durable change by themselves.
extension StorageRun {
  /// One file of one partition rots: that partition says so and stops, or loses nothing; the others
  /// serve.
  func rot() {
    disk.losePower()
    let victim = PartitionID(random.below(partitionCount))
    let folder = "\(StorageRun.folder)/\(victim)"
    guard let names = try? disk.folder(folder).sorted.map(\.name) else { return }
    let segments = names.filter { $0.hasSuffix(FileNames.segmentSuffix) }
    let name = random.oneIn(4) ? random.pick(names) : random.pick(segments)
    guard let file = try? disk.file("\(folder)/\(name)"), !file.disk.isEmpty else { return }
    let before = file.disk
    // What a fenced owner wrote behind is of nobody's.
    let used = bytesUsed(victim, name)
    damage(file)
    let isHurt = before[..<used] != file.disk[..<used]
    count(isHurt ? "rotten segments" : "rotten files")
    disk.trace?("rot in \(folder)/\(name)")
    guard let owner = openWell() else { return }
    owners = [owner]
    for index in 0..<partitionCount where index != victim.index { serves(owner, index) }
    stops(owner, victim, name, isHurt: isHurt)
    owner.log.close()
  }

  /// A file of the journal rots while the process is gone, and the segments hold all that it does: that
  /// costs nothing.
  func rotJournal() {
    guard let owner = recover() else { return }
    owners = [owner]
    for _ in 0..<1 + random.below(20) where !disk.isDead && lines.isEmpty { act(owner) }
    owners = []
    disk.endProcess()
    let folder = "\(StorageRun.folder)/\(FileNames.journal)"
    let names = ((try? disk.folder(folder).sorted.map(\.name)) ?? []).filter {
      $0.hasSuffix(FileNames.journalSuffix)
    }
    guard lines.isEmpty, !names.isEmpty,
      let file = try? disk.file("\(folder)/\(random.pick(names))")
    else { return }
    file.sync()
    damage(file)
    count("rotten journals")
    guard let next = openWell() else { return }
    settle(next, "who opened beside a rotten journal")
    next.log.close()
  }

  /// Of a segment's file, by batches; 0 of others.
  private func bytesUsed(_ partition: PartitionID, _ name: String) -> Int {
    let folder = LogFolder(files: disk, path: StorageRun.folder)
    let infos = try? SegmentLogReader(folder, TestScanner()).segments(of: partition)
    return infos?.first { $0.segment == name }.map { Int($0.bytesUsed) } ?? 0
  }

  private func damage(_ file: SimFile) {
    let used = max(1, file.disk.lastIndex { $0 != 0 } ?? 1)
    let at = random.below(used)
    let sector = at / SimFile.sectorBytes * SimFile.sectorBytes
    let range = sector..<sector + SimFile.sectorBytes
    switch random.below(5) {
    case 0:
      let bit = UInt8(1) << UInt8(random.below(8))
      file.rot(at..<at + 1) { $1 ^ bit }
    case 1: file.rot(range) { _, _ in 0 }
    case 2:
      // Written elsewhere, and something else here.
      let from = random.below(used) / SimFile.sectorBytes * SimFile.sectorBytes
      let old = file.disk
      file.rot(range) { at, byte in
        let other = from + at - sector
        return other < old.count ? old[other] : byte
      }
    case 3:
      // What stood there before the last writes to it: the sector is stale.
      let kept = sector + random.below(SimFile.sectorBytes)
      file.rot(kept..<range.upperBound) { _, _ in 0 }
    default:
      let seed = random.next()
      file.rot(range) { at, _ in UInt8(truncatingIfNeeded: seed >> UInt64(at % 57)) }
    }
  }

  private func serves(_ owner: StorageOwner, _ index: Int) {
    let partition = PartitionID(index)
    do throws(DaybookError) {
      models[index].recovered(try owner.log.contents(partition), by: "who opened beside rot")
    } catch {
      violate("rot elsewhere hides partition \(index): \(error.message)")
    }
    submit(owner, to: partition)
    owner.commit()
    if !models[index].possible.isEmpty { violate("rot elsewhere stops partition \(index)") }
  }

  private func stops(_ owner: StorageOwner, _ victim: PartitionID, _ name: String, isHurt: Bool) {
    var isNamed = owner.damaged.contains { $0.partition == victim }
    do throws(DaybookError) {
      let contents = try owner.log.contents(victim)
      for (at, event) in contents.enumerated() {
        models[victim.index].shown(event, at: Offset(Int64(at)), by: "who opened what is rotten")
      }
      if contents.count < models[victim.index].certain.count, !isNamed {
        models[victim.index].violate("rot in \(name) took events, and nobody says so")
      }
    } catch {
      isNamed = isNamed || error.code == .logCorrupt
      if !isNamed { violate("rot in \(name) is told as \(error.code): \(error.message)") }
    }
    if isNamed && !isHurt { violate("rot in \(name), where no event is, stops the partition") }
    do throws(DaybookError) {
      let folder = LogFolder(files: disk, path: StorageRun.folder)
      let report = try SegmentLogReader(folder, TestScanner()).verify(partitions: [victim])
      if isHurt, !report.faults.contains(where: { $0.segment == name }) {
        violate("verify does not find the rot in \(name): \(report.faults)")
      }
    } catch {
      violate("verify of rot in \(name): \(error.message)")
    }
  }
}
