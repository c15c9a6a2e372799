from django.contrib import admin


class ApplicationAdmin(admin.ModelAdmin):
    pass
