package drivertest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

type gormOwner struct {
	ID   uint
	Name string    `gorm:"uniqueIndex"`
	Pets []gormPet `gorm:"foreignKey:OwnerID"`
}

type gormPet struct {
	ID      uint
	OwnerID uint
	Name    string
}

func (gormOwner) TableName() string { return name("gorm_owner") }
func (gormPet) TableName() string   { return name("gorm_pet") }

// GORM runs gorm.io/gorm over pgx: migration, associations, savepoints, with
// and without its cache of prepared statements.
func GORM(t *testing.T, target Target) {
	for _, prepare := range []bool{false, true} {
		t.Run(fmt.Sprintf("prepare %t", prepare), func(t *testing.T) { gormRun(t, target, prepare) })
	}
}

func gormRun(t *testing.T, target Target, prepare bool) {
	db, err := gorm.Open(postgres.Open(target.URL()), &gorm.Config{PrepareStmt: prepare, Logger: logger.Discard, TranslateError: true})
	must(t, "open", err)
	pool, err := db.DB()
	must(t, "pool", err)
	defer pool.Close()
	pool.SetMaxOpenConns(16)
	must(t, "migrate", db.AutoMigrate(&gormOwner{}, &gormPet{}))
	must(t, "migrate again", db.AutoMigrate(&gormOwner{}, &gormPet{}))
	defer func() { _ = db.Migrator().DropTable(&gormPet{}, &gormOwner{}) }()
	gormCreate(t, db)
	gormConcurrently(t, db)
	gormTransactions(t, db)
}

func gormCreate(t *testing.T, db *gorm.DB) {
	owners := make([]gormOwner, 200)
	for i := range owners {
		owners[i] = gormOwner{Name: fmt.Sprintf("owner %d", i), Pets: []gormPet{{Name: "cat"}, {Name: "dog"}}}
	}
	must(t, "create", db.CreateInBatches(owners, 50).Error)
	var pets int64
	must(t, "count", db.Model(&gormPet{}).Count(&pets).Error)
	same(t, "pets", pets, int64(400))
	var loaded []gormOwner
	must(t, "preload", db.Preload("Pets").Order("id").Limit(10).Find(&loaded).Error)
	same(t, "first owner's pets", len(loaded[0].Pets), 2)
	same(t, "duplicate", errors.Is(db.Create(&gormOwner{Name: "owner 1"}).Error, gorm.ErrDuplicatedKey), true)
	same(t, "not found", errors.Is(db.First(&gormOwner{}, "name = ?", "nobody").Error, gorm.ErrRecordNotFound), true)
}

func gormConcurrently(t *testing.T, db *gorm.DB) {
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			for n := range 20 {
				var o gormOwner
				if err := db.Where("name = ?", fmt.Sprintf("owner %d", i)).First(&o).Error; err != nil {
					t.Error(err)
					return
				}
				if err := db.Model(&gormPet{}).Where("owner_id = ?", o.ID).Update("name", fmt.Sprint(n)).Error; err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	var last int64
	must(t, "count", db.Model(&gormPet{}).Where("name = ?", "19").Count(&last).Error)
	same(t, "last updates", last, int64(60))
}

func gormTransactions(t *testing.T, db *gorm.DB) {
	err := db.Transaction(func(tx *gorm.DB) error {
		must(t, "outer", tx.Create(&gormOwner{Name: "outer"}).Error)
		inner := tx.Transaction(func(tx *gorm.DB) error { return tx.Create(&gormOwner{Name: "outer"}).Error })
		same(t, "inner", errors.Is(inner, gorm.ErrDuplicatedKey), true)
		return tx.Create(&gormOwner{Name: "after"}).Error
	})
	must(t, "savepoint", err)
	undone := errors.New("undone")
	err = db.Transaction(func(tx *gorm.DB) error {
		must(t, "create", tx.Create(&gormOwner{Name: "undone"}).Error)
		return undone
	})
	same(t, "rollback", errors.Is(err, undone), true)
	var n int64
	must(t, "count", db.Model(&gormOwner{}).Where("name in ?", []string{"outer", "after", "undone"}).Count(&n).Error)
	same(t, "kept", n, int64(2))
}
